"""What every asset page shows in the same words: owners, checks, column schemas, row counts, tables and pictures.

Here: the vocabulary of metadata. Not here: which asset shows what, and what a check finds.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg
import polars as pl

from opsguard_assets.intake.ledger.report import as_markdown
from opsguard_assets.tables.describe import column_descriptions
from opsguard_assets.tables.table import Table

if TYPE_CHECKING:
    Materialized: TypeAlias = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult  # beside checks, Dagster knows the bare class only

CHAMPION_SCORED = "champion_scored"
_DATA_PLATFORM = "team:data-platform"
# Who looks after what, by room; alerts belong to whose records they are about.
_OWNERS = {
    "intake": _DATA_PLATFORM,
    "reference": _DATA_PLATFORM,
    "security": _DATA_PLATFORM,
    "tickets": "team:helpdesk-analytics",
    "devices": "team:iot",
    "shifts": "team:workforce",
    "vendors": "team:procurement",
    "external": "team:operations",
    "incidents": "team:operations",
    "models": "team:ml",
    "triage": "team:operations",
    "delivery": _DATA_PLATFORM,
    "remediation": "team:operations",
    "scorecards": "team:client-success",
    "satisfaction": "team:client-success",
    "finance": "team:finance",
}
_ROWS = "Look at the table's page for the rows, and report it: this is a fault of OpsGuard, not of your data."
_CORRECT = "Correct the mapping or the source, then run `opsguard sync` again."
# What each check looks at, and what to do when it fails.
_CHECKS = {
    "source_was_readable": "The source could be reached and read. If not: `opsguard doctor` says what is wrong and "
    "the remedy; the other sources were loaded.",
    "every_file_was_readable": "Every new file is a file of its kind. Files that are not stay outside, with the "
    "reason; correct the file or its format in opsguard.yaml, and the next sync reads it.",
    "columns_are_as_before": "The source delivers the columns that it delivered before. A warning: look whether the "
    "new, missing or changed columns are meant, and adapt the mapping.",
    "received_is_accounted_for": f"Every received row was accepted, rejected or repeated what was known. {_ROWS}",
    "rejected_within_limit": "No more rows were rejected than `max_rejected_share` of the source allows. If more: "
    f"look at the broken rules and their values. {_CORRECT}",
    "mapping_fits": f"The mapping names columns that the source has. {_CORRECT}",
    "lists_are_complete": "Complete lists look complete, so that what they no longer name was withdrawn. If one is "
    "in doubt, nothing was withdrawn: look whether the list was cut off.",
    "rejected_rows_can_be_judged": "After a change of the mapping, the raw records of all rows rejected earlier were "
    "still there. A warning: those named stay rejected; deliver them again.",
    "sla_risk_complete": "The tick holds one row for each open ticket. If not: the message names the tickets; "
    "correct them at the source, or run `opsguard tick sla` again.",
    CHAMPION_SCORED: "The champion scored, or the rule before the first training. A warning: a champion should have "
    "scored and could not, so the rule did. The message says why; `opsguard models` shows the champion.",
    "findings_equal_decisions": f"Every finding of the tick ended in exactly one recorded decision. {_ROWS}",
    "every_alert_has_a_priority": "Each unresolved alert has a priority of its present opening. If not: run `opsguard "
    "tick` of any kind again; if it stays so, report it: this is a fault of OpsGuard, not of your data.",
    "every_alert_is_in_one_incident": "Each alert that is open or acknowledged is in one unresolved incident. If not: "
    "run `opsguard tick` of any kind again; if it stays so, report it: this is a fault of OpsGuard, not of your data.",
    "every_incident_has_an_owner_or_a_reason": "Each open incident has an owner, or decisions that say why nobody was "
    "told. If not: run `opsguard tick` of any kind again; `opsguard check` says who is missing.",
    "planned_messages_ended": "Every message that was due more than an hour ago was sent, taken back or given up. If "
    "not: the delivery does not run, or a channel does not answer; `opsguard doctor` says which.",
    "escalations_accounted_for": "Every planned escalation has ended. If some wait: the next run tries them again; "
    "`opsguard escalations list` shows them.",
    "helpdesk_accepted_escalations": "The helpdesk answered and refused no escalation. If it did: `opsguard "
    "escalations list --state failed` says why.",
    "no_escalation_long_in_doubt": "No escalation has been without a known result for long. If one has: look in the "
    "helpdesk whether it was done, then `opsguard escalations resolve-unknown`.",
    "every_message_ended": "Every message that was due has ended or is tried again soon. If some wait for long: "
    "`opsguard doctor` says which channel does not answer.",
    "no_message_long_in_doubt": "No message has been without a known result for long. A warning: ask the readers "
    "whether they have it, then `opsguard deliver resolve-unknown`.",
    "chain_of_signings_holds": "Each signing follows the one before it and says what was signed. If not: `opsguard "
    "scorecard verify` names the link; somebody with rights on the database changed it.",
    "signed_figures_are_made_again": "Figures that were signed within three months come out the same when they are "
    "made again of their pinned versions. If not: `opsguard scorecard verify` names each that differs.",
    "forms_agree": "Workbook, page, JSON and CSV of a scorecard, read back, show the figures of its card. If not: "
    "report it; this is a fault of OpsGuard, not of your data.",
    "channels_answered": "Every channel answered and refused no message. If not: `opsguard deliver list --state "
    "failed` says why; a channel that does not answer is tried again.",
    "revenue_identity_holds": "Of each month start + new + reactivation + expansion - contraction - churn = end, and "
    f"it starts where the month before ended. {_ROWS}",
    "closed_months_stand": "No balance of a month that was over has changed since it was stored. A warning: a price "
    "without `valid_from` was edited, or records about the past came late; the table names clients and months.",
    "invoices_close": "For each client MRR + proration + credits = invoiced. If not: send no invoice, and report it: "
    "this is a fault of OpsGuard, not of your data.",
    "every_playbook_can_be_read": "Every playbook in use can be read and has the right shape. A warning: `opsguard "
    "playbook lint` names file, line and remedy; the other playbooks are in use.",
    "no_execution_is_stuck": "No execution was due long ago, or is held by a worker for longer than a step takes. If "
    "one is: `opsguard playbook tick` advances it; if it stays so, report it: this is a fault of OpsGuard.",
    "no_step_is_in_doubt": "Of every side effect of a playbook it is known whether it happened. A warning: look at the "
    "other side, then `opsguard playbook resolve-unknown`.",
    "no_step_raised_an_error": "Every step that was due could be planned and done, or failed in a way that it knows. "
    "If not: the message names execution and error; the step is tried again until its time is over.",
    "no_playbook_paused_itself": "No playbook is paused. A warning: `opsguard playbook log` shows what failed; "
    "correct it, then `opsguard playbook resume`.",
    "every_report_is_rolled_up": "Hourly rollups hold as many reports as telemetry does. If not: materialise the days "
    "named again with `again: true`.",
    "devices_report_without_gaps": "No device was silent for more than `device_alerts.silent_intervals` of its "
    "intervals and came back. A warning: look at the network of the devices named.",
    "values_are_possible": "No reported value is one that no working sensor gives. A warning: look at the devices "
    "named, and at units in the mapping.",
    "every_device_has_a_score": f"Each device in service has one score from 0 to 100. {_ROWS}",
    "device_risk_complete": f"Each device in service has one row, and each that is up has a risk. {_ROWS}",
    "shift_risk_complete": f"Each part in a shift of the next 24 hours has one row and a risk. {_ROWS}",
    "alert_risk_complete": f"Each unresolved alert has one row and a probability. {_ROWS}",
    "desks_as_stated": "Each desk got no more alerts a day than stated, and as many needed a person. A warning: "
    "`opsguard alerts noise` shows which rules to mute, to raise or to repair.",
    "labels_mature": "No alert has an outcome before its outcome is mature. If one has: a model would learn from what "
    "nobody could know yet; report it: this is a fault of OpsGuard, not of your data.",
    "work_order_risk_complete": f"Each open work order has one row and a risk. {_ROWS}",
    "low_scores_precede_failures": "Devices below good failed more often within a week than good ones did. A "
    "warning: the health score foretells nothing here; look at the rates by band.",
    "calendar_reaches_its_last_day": "The stored calendar holds just the shifts that are due. If not: run "
    "`plan_shifts_job` again.",
    "every_roster_can_be_read": "Every roster gives shifts: its rule and its site are known. A warning: correct the "
    "rosters named at their source; the others go on.",
    "punches_match_the_calendar": "At most 1 % of presences fit no shift. A warning: rosters are missing, or people "
    "and sites have other names in the punches.",
    "coverage_adds_up": f"No post is manned beyond its need or below nothing. {_ROWS}",
    "every_work_order_in_one_month": f"Each work order counts in exactly one month. {_ROWS}",
    "nobody_foreign": f"Each row of a key figure is of a known client, and of a site of that client. {_ROWS}",
    "figures_reproduce_from_their_rows": "Stored key figures follow from the stored rows. If not: a run was ended "
    "between the two; run `compute_kpis_job` again. If it stays so, report it: this is a fault of OpsGuard.",
    "challenger_is_better": "The trained model is good enough to replace the champion. If not: the page says which "
    "condition it missed; the champion, or the rule, goes on scoring.",
    "champion_is_useful": "The champion foretells better than the trailing rate. If not: alerts come from the rule "
    "until a training makes a better model (`opsguard train`).",
    "every_score_met_its_outcome": f"Each recorded score met its outcome, waits for it, or says why not. {_ROWS}",
    # These two begin with what is scored: sla_risk_calibrated, device_features_within_range.
    "_risk_calibrated": "The champion's probabilities agree with what happened. A warning: train anew with `opsguard "
    "train`; until then read risks as a ranking.",
    "_features_within_range": "The champion's features are spread as they were when it learned. A warning: look what "
    "changed in the records; a training follows by itself.",
}


def key_of(table: Table) -> dg.AssetKey:
    """The asset key of a canonical table: its room, then its name."""
    return dg.AssetKey([table.room, table.name])


def owners_of(room: str) -> list[str]:
    """Who looks after the assets of a room."""
    return [_OWNERS[room]]


def check_spec(name: str, key: dg.AssetKey, *, blocking: bool = False) -> dg.AssetCheckSpec:
    """A check of an asset, with what it looks at and what to do when it fails.

    Raises:
        KeyError: When nobody wrote that down.
    """
    return dg.AssetCheckSpec(name, asset=key, description=check_words(name), blocking=blocking)


def check_words(name: str) -> str:
    """What a check looks at and what to do when it fails.

    Raises:
        KeyError: When nobody wrote that down.
    """
    end = next((end for end in _CHECKS if end.startswith("_") and name.endswith(end)), name)
    return _CHECKS[end]


def champion_check(scored_by: str, trouble: str | None, *, is_trained: bool) -> dg.AssetCheckResult:
    """Whether the champion scored a tick; before the first training the rule scores, and nothing is wrong.

    Args:
        scored_by: Name and version of what scored.
        trouble: Why it is not the champion; None where it is.
        is_trained: Whether there ever was a champion.
    """
    return dg.AssetCheckResult(
        check_name=CHAMPION_SCORED,
        passed=trouble is None or not is_trained,
        severity=dg.AssetCheckSeverity.WARN,
        description=trouble or f"{scored_by} scored",
        metadata={"model": scored_by},
    )


def column_schema(table: Table) -> dg.TableSchema:
    """The contract's columns with types and meanings, as the UI shows them."""
    columns = column_descriptions(table).items()
    return dg.TableSchema([dg.TableColumn(name, dtype, description) for name, (dtype, description) in columns])


def preview(frame: pl.DataFrame, *, limit: int = 20) -> dg.MarkdownMetadataValue:
    """A small table; received texts are escaped."""
    return dg.MetadataValue.md(as_markdown(frame, limit=limit))


def preview_rows(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """A small table of records."""
    return preview(pl.DataFrame(rows), limit=100) if rows else dg.MetadataValue.md("none")


def first_of(entities: pl.Series, most: int = 5) -> str:
    """The first few of some entities by name, and how many more there are."""
    more = len(entities) - most
    return ", ".join(entities.head(most)) + (f" and {more} more" if more > 0 else "")


def severity_of(*, twice: int, odd: int, rows: int) -> dg.AssetCheckSeverity:
    """How much a failed check of a tick means: what is odd about a few rows withholds none of the others.

    Args:
        twice: Rows too many: something would be alerted twice.
        odd: Rows without a result.
        rows: All rows.
    """
    return dg.AssetCheckSeverity.ERROR if twice or odd >= max(rows, 1) else dg.AssetCheckSeverity.WARN


def picture(svg: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A plot inside the asset page."""
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg).decode()})")


def png(picture: bytes, title: str) -> dg.MarkdownMetadataValue:
    """A plot that was drawn as PNG inside the asset page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(picture).decode()})")


def figures(values: Mapping[str, float | str | datetime | None]) -> dict[str, dg.MetadataValue]:
    """Named figures under stable keys, so that the UI plots numbers over time; unknown ones are left out."""
    return {name: _value(value) for name, value in values.items() if value is not None}


def _value(value: float | str | datetime) -> dg.MetadataValue:
    if isinstance(value, datetime):
        return dg.MetadataValue.timestamp(value)
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(value) if isinstance(value, float) else dg.MetadataValue.text(value)
