"""Which tickets are escalated at a moment, to what, to whom, and who is told: a plan, nothing more.

Here: frames in, a plan out. Not here: reading them (`escalation.inputs`), doing it (`escalate`), who of a group is free
(`opsguard_assets.duty`).

Every ticket from the risk that escalates ends in exactly one decision, and one of them is to escalate. A ticket past
its deadline has no risk any more: its breach is a fact, and no candidate here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.duty.desk import Desk, on_duty
from opsguard_assets.duty.least_loaded import assign
from opsguard_assets.tables.values import INSTANT, OPEN_STATUSES
from opsguard_assets.tickets.sla.tick import BREACHED

ESCALATE, COOLING_DOWN, EXHAUSTED = "escalate", "cooling down", "steps used up"
UNDECIDED, ENDED, NOTHING_LEFT = "an earlier step is undecided", "not open any more", "nothing left to do"
# Steps that may have changed something: they count, and the others were refused.
_COUNTED = ("planned", "sent", "done", "unknown")
_UNDECIDED = ("planned", "sent", "unknown")
# One row per escalation so far; what `plan_escalations` has to know of it.
DONE = pl.Schema(
    {
        "ticket_id": pl.String(),
        "step": pl.Int64(),
        "state": pl.String(),
        "as_of": INSTANT,
        "to_priority": pl.String(),
        "to_assignee_id": pl.String(),
        "expected_updated_at": INSTANT,
    }
)
PLAN = pl.Schema(
    {
        "ticket_id": pl.String(),
        "decision": pl.String(),
        "step": pl.Int64(),
        "as_of": INSTANT,
        "risk_as_of": INSTANT,
        "risk": pl.Float64(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "group_id": pl.String(),
        "from_priority": pl.String(),
        "to_priority": pl.String(),
        "from_assignee_id": pl.String(),
        "to_assignee_id": pl.String(),
        "expected_status": pl.String(),
        "expected_updated_at": INSTANT,
        "reason": pl.String(),
        "tell": pl.List(pl.Struct({"person_id": pl.String(), "role": pl.String()})),
        "model_name": pl.String(),
        "model_version": pl.String(),
        "model_run_id": pl.String(),
    }
)


@dataclass(frozen=True)
class EscalationRules:
    """What escalates and how often; the defaults are those of the settings.

    Attributes:
        escalate_from: Risk, 0..1.
        cooldown: For so long after a step the ticket is left in peace.
        max_steps: Steps per ticket at most.
    """

    escalate_from: float = 0.80
    cooldown: timedelta = timedelta(minutes=240)
    max_steps: int = 3


def plan_escalations(
    risk: pl.DataFrame, tickets: pl.DataFrame, desk: Desk, done: pl.DataFrame, as_of: datetime, rules: EscalationRules
) -> pl.DataFrame:
    """The decision on every ticket from the risk that escalates.

    Low and medium priority become high, high becomes critical. An unassigned ticket is given to the least-loaded active
    member of its group who is on duty (`duty.least_loaded`). Told are the assignee and whom that person reports to;
    where there is none, and where the ticket stays unassigned, the group's lead; where there is none, the site's
    supervisor.

    Where OpsGuard escalated a ticket and its record is not newer than the one that was escalated, priority and assignee
    are those of the escalation: the next load brings them, or never does where nothing outside is changed.

    Args:
        risk: Rows of `sla_risk` of one tick; a column `withheld` gives, where not null, the decision instead.
        tickets: All open tickets as known at `as_of` (`ticket_id`, `site_id`, `group_id`, `assignee_id`, `priority`,
            `status`, `updated_at`).
        desk: Who works where.
        done: Rows of `DONE`: all escalations so far of the tickets.
        as_of: The moment.
        rules: What escalates and how often.

    Returns:
        Rows of `PLAN`, the greatest risk first; `step`, priorities, assignees, reason and `tell` are null where nothing
        is escalated.
    """
    open_now = _as_escalated(tickets.filter(pl.col("status").is_in(list(OPEN_STATUSES))), done)
    rows = _candidates(risk, open_now, done, as_of, rules)
    unassigned = rows.filter(pl.col("_may") & pl.col("assignee_id").is_null())
    given = assign(unassigned.rename({"ticket_id": "item_id"}), on_duty(desk, as_of), _loads(open_now))
    rows = rows.join(given, left_on="ticket_id", right_on="item_id", how="left", maintain_order="left")
    rows = rows.with_columns(
        to_assignee_id=pl.coalesce("assignee_id", "given_to"),
        to_priority=pl.when(pl.col("priority").is_in(["high", "critical"]))
        .then(pl.lit("critical"))
        .otherwise(pl.lit("high")),
    )
    rows = rows.with_columns(decision=_decision(rules))
    escalated = pl.col("decision") == ESCALATE
    recipients = _recipients(rows.filter(escalated), desk)
    rows = rows.join(recipients, on="ticket_id", how="left", maintain_order="left")
    return rows.with_columns(
        _reason(),
        as_of=pl.lit(as_of, INSTANT),
        step=pl.col("steps") + 1,
        from_priority="priority",
        from_assignee_id="assignee_id",
        expected_status="status",
        expected_updated_at="updated_at",
    ).select(
        pl.when(escalated).then(name).alias(name) if name in _OF_ESCALATIONS else pl.col(name).cast(PLAN[name])
        for name in PLAN
    )


_OF_ESCALATIONS = (
    "step", "from_priority", "to_priority", "from_assignee_id", "to_assignee_id", "expected_status",
    "expected_updated_at", "reason", "tell",
)  # fmt: skip


def _as_escalated(tickets: pl.DataFrame, done: pl.DataFrame) -> pl.DataFrame:
    """Open tickets with what OpsGuard has changed and no load has brought back yet."""
    last = (
        done.filter(pl.col("state") == "done")
        .sort("step")
        .unique("ticket_id", keep="last", maintain_order=True)
        .select("ticket_id", "to_priority", "to_assignee_id", "expected_updated_at")
    )
    newer = pl.col("updated_at") <= pl.col("expected_updated_at")
    return (
        tickets.select("ticket_id", "site_id", "group_id", "assignee_id", "priority", "status", "updated_at")
        .join(last, on="ticket_id", how="left", maintain_order="left")
        .with_columns(
            priority=pl.when(newer).then("to_priority").otherwise("priority"),
            assignee_id=pl.when(newer).then(pl.coalesce("to_assignee_id", "assignee_id")).otherwise("assignee_id"),
        )
        .drop("to_priority", "to_assignee_id", "expected_updated_at")
    )


def _candidates(
    risk: pl.DataFrame, open_now: pl.DataFrame, done: pl.DataFrame, as_of: datetime, rules: EscalationRules
) -> pl.DataFrame:
    """Tickets from the risk that escalates, with what is known of them; `_may`: nothing but their state decides."""
    withheld = pl.col("withheld") if "withheld" in risk.columns else pl.lit(None, pl.String)
    late = (pl.col("state") == BREACHED).fill_null(value=False)
    asked = risk.filter(pl.col("risk") >= rules.escalate_from, ~late).select(
        "ticket_id", "risk", "client_id", "resolution_due_at", "model_name", "model_version", "model_run_id",
        risk_as_of="as_of", withheld=withheld,
    )  # fmt: skip
    moment = pl.lit(as_of, INSTANT)
    past = done.group_by("ticket_id").agg(
        steps=pl.col("step").max(),
        counted=pl.col("state").is_in(_COUNTED).sum(),
        undecided=pl.col("state").is_in(_UNDECIDED).any(),
        cools=(moment - pl.col("as_of") < rules.cooldown).any(),
        was_critical=(pl.col("state").is_in(_COUNTED) & (pl.col("to_priority") == "critical")).any(),
    )
    joined = asked.join(open_now, on="ticket_id", how="left", maintain_order="left").join(
        past, on="ticket_id", how="left", maintain_order="left"
    )
    rows = joined.with_columns(
        pl.col("steps", "counted").fill_null(0), pl.col("undecided", "cools", "was_critical").fill_null(value=False)
    )
    blocked = pl.any_horizontal("undecided", "cools", pl.col("counted") >= rules.max_steps)
    may = pl.col("withheld").is_null() & pl.col("status").is_not_null() & ~blocked
    return rows.with_columns(_may=may).sort(
        "risk", "resolution_due_at", "ticket_id", descending=[True, False, False], nulls_last=True
    )


def _decision(rules: EscalationRules) -> pl.Expr:
    """The first reason that applies."""
    is_new = (pl.col("priority") != "critical") | ~pl.col("was_critical") | pl.col("given_to").is_not_null()
    return (
        pl.when(pl.col("status").is_null())
        .then(pl.lit(ENDED))
        .when(pl.col("withheld").is_not_null())
        .then("withheld")
        .when("undecided")
        .then(pl.lit(UNDECIDED))
        .when("cools")
        .then(pl.lit(COOLING_DOWN))
        .when(pl.col("counted") >= rules.max_steps)
        .then(pl.lit(EXHAUSTED))
        .when(~is_new)
        .then(pl.lit(NOTHING_LEFT))
        .otherwise(pl.lit(ESCALATE))
    )


def _loads(open_now: pl.DataFrame) -> pl.DataFrame:
    """(`person_id`, `load`): open tickets per assignee."""
    return open_now.drop_nulls("assignee_id").group_by(person_id="assignee_id").agg(load=pl.len().cast(pl.Int64))


def _recipients(rows: pl.DataFrame, desk: Desk) -> pl.DataFrame:
    """(`ticket_id`, `tell`): whom to tell, nobody twice; an empty list where nobody is known."""
    above = desk.people.select(pl.col("person_id").alias("to_assignee_id"), "reports_to").unique("to_assignee_id")
    leads = desk.groups.select("group_id", "lead_id").unique("group_id")
    posts = desk.sites.select("site_id", "supervisor_id").unique("site_id")
    known = (
        rows.select("ticket_id", "to_assignee_id", "group_id", "site_id")
        .join(above, on="to_assignee_id", how="left", maintain_order="left")
        .join(leads, on="group_id", how="left", maintain_order="left")
        .join(posts, on="site_id", how="left", maintain_order="left")
    )
    superior = pl.coalesce("reports_to", "lead_id", "supervisor_id")
    role = (
        pl.when(pl.col("reports_to").is_not_null())
        .then(pl.lit("supervisor"))
        .when(pl.col("lead_id").is_not_null())
        .then(pl.lit("lead"))
        .otherwise(pl.lit("site supervisor"))
    )
    first = pl.when(pl.col("to_assignee_id").is_not_null()).then(
        pl.struct(person_id="to_assignee_id", role=pl.lit("assignee"))
    )
    other = superior.is_not_null() & superior.ne_missing(pl.col("to_assignee_id"))
    second = pl.when(other).then(pl.struct(person_id=superior, role=role))
    return known.select("ticket_id", tell=pl.concat_list(first, second).list.drop_nulls())


def _reason() -> pl.Expr:
    """Why and what, in one sentence for people."""
    # Rounded down: nobody shall read 80 % beside a threshold that was not reached.
    percent = (pl.col("risk") * 100 + 1e-9).floor().cast(pl.Int64)
    due = pl.col("resolution_due_at").dt.strftime("%Y-%m-%d %H:%M UTC")
    likely = pl.format("{} % likely to miss its deadline", percent) + pl.when(due.is_not_null()).then(
        pl.format(" at {}", due)
    ).otherwise(pl.lit(""))
    raised = (
        pl.when(pl.col("priority") == pl.col("to_priority"))
        .then(pl.format("priority stays {}", "priority"))
        .otherwise(pl.format("priority {} to {}", "priority", "to_priority"))
    )
    group = pl.col("group_id")
    staffed = (
        pl.when(pl.col("assignee_id").is_not_null())
        .then(pl.format("assignee stays {}", "assignee_id"))
        .when(pl.col("given_to").is_not_null())
        .then(pl.format("given to {}, the least loaded of {} on duty in {}", "given_to", "present", group))
        .when(group.is_not_null())
        .then(pl.format("stays unassigned: nobody of {} is on duty", group))
        .otherwise(pl.lit("stays unassigned: it has no group"))
    )
    silent = (
        pl.when(pl.col("tell").list.len() == 0)
        .then(pl.lit("; nobody is known who could be told"))
        .otherwise(pl.lit(""))
    )
    return (likely + "; " + raised + "; " + staffed + silent).alias("reason")
