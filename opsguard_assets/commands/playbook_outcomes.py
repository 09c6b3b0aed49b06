"""`opsguard playbook outcomes`: what playbooks achieved, as of a moment. Not here: figures (`remediation.outcomes`)."""

from typing import Annotated

import polars as pl
import typer

from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now
from opsguard_assets.commands.playbooks_in_use import in_use
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.outcomes.io import Outcomes, outcomes_at

_RATES = ("executions", "acted", "auto_resolved", "not_resolved", "inconclusive", "rate", "low", "high")
_CHANGED = (
    "playbook", "matched", "controls", "minutes_with", "minutes_without", "minutes_saved", "minutes_saved_low",
    "minutes_saved_high", "cleared_with", "cleared_without", "happened_with", "happened_without", "prevented",
    "prevented_low", "prevented_high", "hours_saved", "money_saved",
)  # fmt: skip


def outcomes(
    as_of: Annotated[str | None, typer.Option(help=AS_OF_HELP)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what playbooks achieved: alerts resolved, time and hours saved, and what to automate next.

    Example: `opsguard playbook outcomes`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        playbooks = [each.playbook for each in in_use(session).playbooks.values()]
        stores = session.installation
        found = outcomes_at(stores.database, stores.lake, session.settings, ALERT_TYPES, playbooks, moment)
    if as_json:
        print_json(
            {
                "as_of": found.as_of, "days": found.days, "total": found.total.row(0, named=True),
                "all_alerts": found.all_alerts.row(0, named=True), "all_by_client": found.all_by_client.to_dicts(),
                "by_playbook": found.by_playbook.to_dicts(), "by_client": found.by_client.to_dicts(),
                "automate_next": found.automate_next.to_dicts(), "executions": found.executions.to_dicts(),
            }
        )  # fmt: skip
        return
    _show(found)


def _show(found: Outcomes) -> None:
    typer.echo(f"\nWithin {found.days:g} days, {found.words}.")
    typer.echo(f"{found.words_of_all[0].upper()}{found.words_of_all[1:]}.")
    # An interval that says nothing is not shown.
    shown = [pl.when(pl.col("rate").is_not_null()).then(name).alias(name) for name in ("low", "high")]
    by_playbook, by_client = found.by_playbook.with_columns(shown), found.by_client.with_columns(shown)
    print_rows("\nResolved, by playbook", by_playbook.select("playbook", *_RATES).to_dicts())
    acted = by_client.filter(pl.col("acted") > 0).select("playbook", "client_id", *_RATES)
    print_rows("\nResolved, by playbook and client", acted.to_dicts())
    print_rows("\nOf all alerts that ended, by client", found.all_by_client.to_dicts())
    print_rows(
        "\nAgainst alerts of the same type and severity about which nothing acted",
        found.by_playbook.drop_nulls("matched").select(_CHANGED).to_dicts(),
    )
    print_rows("\nWhat to automate next: alerts that no playbook is about", found.automate_next.to_dicts())
