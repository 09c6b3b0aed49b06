"""The delivery as an asset: one round, its figures and checks.

Here: running a round in Dagster. Not here: the round (`round_io`), when there is one (`sensors.due`).
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.delivery.deliver_io import Delivered, counts, messages
from opsguard_assets.delivery.round_io import Place, run_round
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview_rows
from resources.database import Database
from resources.environment import read_environment
from resources.lake import Lake

MESSAGES_KEY = dg.AssetKey(["delivery", "messages"])
DELIVER_JOB = "deliver_job"
# A mail may take ten minutes and several do; what a run that was ended left, the next one takes up.
DELIVER_TAGS = {"dagster/max_runtime": "3600", "dagster/max_retries": "0"}
ENDED, CERTAIN, ANSWERED = "every_message_ended", "no_message_long_in_doubt", "channels_answered"
_SHOWN = ("effect_id", "channel", "address", "kind", "incident_id", "state", "answer", "attempts", "settled_at")


def messages_asset(settings: Settings, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetsDefinition:
    """The asset of messages.

    Args:
        settings: Channels, and how long is tried.
        deps: What plans messages.
    """

    @dg.asset(
        key=MESSAGES_KEY,
        deps=list(deps),
        group_name="delivery",
        kinds={"postgres"},
        owners=owners_of("delivery"),
        description="Messages that are due, sent to people by their channels, each once; what is not certain is "
        "unknown. Looks again before it sends: what somebody acknowledged meanwhile is not sent.",
        check_specs=[check_spec(name, MESSAGES_KEY) for name in (ENDED, CERTAIN, ANSWERED)],
    )
    def delivered(lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        home = read_environment(os.environ).home
        done = run_round(Place(database, lake, os.environ, home), settings)
        unknown_after = timedelta(minutes=settings.delivery.unknown_minutes)
        found = counts(database, datetime.now(UTC), unknown_after)
        newest = [{name: row[name] for name in _SHOWN} for row in messages(database, tuple(found) or ("done",), 20)]
        sent = {f"now_{state}": count for state, count in done.settled.items()}
        return dg.MaterializeResult(
            metadata={
                **figures({"dagster/row_count": sum(done.settled.values()), **sent}),
                "newest": preview_rows(newest),
            },
            check_results=[_ended(found), _certain(found), _answered(done)],
        )

    return delivered


def _ended(found: dict[str, tuple[int, int]]) -> dg.AssetCheckResult:
    """Everything that is due has ended, or is tried again soon."""
    late = sum(found.get(state, (0, 0))[1] for state in ("planned", "sending"))
    words = ", ".join(f"{count:,} {state}" for state, (count, _) in sorted(found.items())) or "none"
    return dg.AssetCheckResult(
        check_name=ENDED,
        passed=late == 0,
        description=f"within a day: {words}" + (f"; {late:,} wait for more than a quarter of an hour" if late else ""),
        metadata={"late": late},
    )


def _certain(found: dict[str, tuple[int, int]]) -> dg.AssetCheckResult:
    count = found.get("unknown", (0, 0))[1]
    remedy = "; ask the readers, then `opsguard deliver resolve-unknown`" if count else ""
    return dg.AssetCheckResult(
        check_name=CERTAIN,
        passed=count == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{count:,} messages in doubt for long{remedy}",
        metadata={"in_doubt": count},
    )


def _answered(done: Delivered) -> dg.AssetCheckResult:
    failed = done.settled.get("failed", 0)
    silent = ", ".join(done.silent)
    words = [f"{silent} did not answer; the rest waits"] if silent else []
    words += [f"{failed:,} messages failed: `opsguard deliver list --state failed` says why"] if failed else []
    return dg.AssetCheckResult(
        check_name=ANSWERED,
        passed=not words,
        description="; ".join(words) or "every channel answered and refused nothing",
        metadata={"failed": failed},
    )
