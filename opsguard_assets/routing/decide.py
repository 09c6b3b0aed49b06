"""Who is told of which incident, when and by what rule; and who is not, and why.

Here: one run, frames in, decisions out. Not here: persons (`ladder`), addresses (`addresses`), the database (`io`).

An incident is decided on when it has a new version, or when nobody acknowledged it until the next step of its chain was
due. The chain is a ladder: the owner, then `routing.chain`. Someone who cannot be reached is passed over at once,
with the reason. After the last one it begins again, `repeat_interval_minutes` later. What is not urgent climbs by
digests: each has their time from their digest on, and after the last one it does not begin again. Equal cases give
equal decisions.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from opsguard_assets.duty.desk import present
from opsguard_assets.incidents.notices import CHAIN, DECIDED_TOLD, NOTICE, RAISED, RESOLVED, UPDATE, message_key
from opsguard_assets.routing.addresses import SYSTEM, of_clients, of_systems, reached
from opsguard_assets.routing.frames import Case, Decided, Roster, Rules
from opsguard_assets.routing.ladder import OWNER, SUPERVISOR, ladder
from opsguard_assets.routing.local_times import local_times
from opsguard_assets.routing.routes import DIGEST, NOW, PLACE, SOON, routed
from opsguard_assets.tables.values import INSTANT

SUPERSEDED, OFF_DUTY, OVER_BUDGET = "superseded", "not on duty", "over budget"
NO_ADDRESS, OUTSIDE_PLAN, TOO_OLD = "no address", "not in the plan", "too old"
# States of an effect by which somebody has, or may have, the message.
HAS_IT: Final = ("done", "sending", "unknown")
_MOVES = (
    "incident_id", "owner_id", "team", "chain_step", "chain_base", "next_step_at", "routed_version",
)  # fmt: skip


def decide(case: Case, roster: Roster, rules: Rules) -> Decided:
    """The decisions of one run.

    Args:
        case: The incidents, and what was decided about them before.
        roster: Everybody who may be told.
        rules: By what.
    """
    work = routed(case.work.join(roster.clients.select("client_id", "plan").unique("client_id"), on="client_id",
                                 how="left", maintain_order="left"), rules)  # fmt: skip
    is_due = (pl.col("next_step_at") <= case.now).fill_null(value=False)
    work = work.with_columns(
        _is_due=is_due & (pl.col("state") == "open"),
        _is_new=pl.col("version") > pl.col("routed_version"),
        _never=_never(case, rules),
    )
    asked = _asked(work, case, roster, rules)
    judged = _judged(asked, case, roster, rules)
    first = _keyed(judged, case)
    shown = _shown(work, first, case, rules)
    notices = pl.concat([first, shown.select(first.columns)])
    return Decided(
        notices=notices.select(pl.col(name).cast(dtype) for name, dtype in NOTICE.items()),
        moves=_moves(work, judged, case, rules),
        told_now=first.filter(pl.col("decision") == DECIDED_TOLD, pl.col("audience") == OWNER)["incident_id"]
        .unique()
        .sort()
        .to_list(),
        updated=shown.filter(pl.col("kind") == UPDATE)["incident_id"].unique().sort().to_list(),
    )


def _never(case: Case, rules: Rules) -> pl.Expr:
    """Why nobody is told of an incident; null where somebody may be."""
    oldest = case.now - timedelta(minutes=rules.settings.age_limit_minutes)
    return (
        pl.when(~pl.col("is_in_plan"))
        .then(pl.lit(OUTSIDE_PLAN))
        .when((pl.col("last_seen_at") < pl.lit(oldest, INSTANT)).fill_null(value=False))
        .then(pl.lit(TOO_OLD))
    )


def _asked(work: pl.DataFrame, case: Case, roster: Roster, rules: Rules) -> pl.DataFrame:
    """Everybody who is considered now, with `step`, `rung` (null where they are on no ladder) and their incident."""
    open_now = work.filter(pl.col("state") == "open", pl.col("_is_new") | pl.col("_is_due"))
    starts = pl.col("_is_due") & (pl.col("chain_step") + 1 == pl.col("chain_base"))
    refused = case.past.filter(pl.col("decision").is_in([TOO_OLD, OUTSIDE_PLAN])).select(
        "incident_id", _never="decision"
    )
    first = open_now.filter(pl.col("_is_new") | starts).join(
        refused.unique(), on=["incident_id", "_never"], how="anti", maintain_order="left"
    )
    decided = case.past.filter(pl.col("kind").is_in([RAISED, CHAIN]), pl.col("decision") != TOO_OLD)
    # The first notice is decided once per opening of an incident, and again only where it gets more urgent.
    before = decided.select("incident_id", "audience", "step", "urgency").unique()
    asks = pl.concat([
        first.select("incident_id", "urgency", audience=pl.lit(OWNER), step="chain_base", rung=pl.lit(0)),
        first.filter(pl.col("priority") >= rules.settings.supervisor_from, pl.col("urgency") != DIGEST).select(
            "incident_id", "urgency", audience=pl.lit(SUPERVISOR), step="chain_base", rung=pl.lit(None, pl.Int32)
        ),
    ]).cast({"rung": pl.Int64})  # fmt: skip
    asks = asks.join(before, on=["incident_id", "audience", "step", "urgency"], how="anti", maintain_order="left")
    calm = before.filter(pl.col("urgency") != DIGEST).select("incident_id", "audience", "step")
    asks = asks.join(calm, on=["incident_id", "audience", "step"], how="anti", maintain_order="left")
    due = open_now.filter(pl.col("_is_due") & ~starts, pl.col("_never").is_null()).select(
        "incident_id", "urgency", audience=pl.lit("chain"), step=pl.col("chain_step") + 1,
        rung=pl.col("chain_step") + 1 - pl.col("chain_base"),
    )  # fmt: skip
    people = _climbed(pl.concat([asks, due]), open_now, case, roster, rules)
    once = first.filter(pl.col("_never").is_null(), pl.col("urgency") != DIGEST)
    others = pl.concat([of_clients(once, roster, rules), of_systems(once, rules)])
    at = ["incident_id", "audience", "channel", "address"]
    others = others.join(decided.select(at), on=at, how="anti", maintain_order="left")
    others = others.join(first.select("incident_id", step="chain_base"), on="incident_id", maintain_order="left")
    rows = pl.concat([people, others], how="diagonal")
    about = open_now.drop("owner_id", "client_id", "site_id", "chain_step", "chain_base", "next_step_at", "_is_due")
    return rows.join(about, on="incident_id", how="left", maintain_order="left")


def _climbed(asks: pl.DataFrame, open_now: pl.DataFrame, case: Case, roster: Roster, rules: Rules) -> pl.DataFrame:
    """Those asked for, and where they cannot be reached the next of the ladder, until somebody is."""
    chain = [OWNER, *rules.settings.chain]
    rungs = pl.DataFrame(
        {"audience": chain, "rung": range(len(chain))}, schema={"audience": pl.String, "rung": pl.Int64}
    )
    wanted = open_now.join(asks.select("incident_id").unique(), on="incident_id", how="semi", maintain_order="left")
    persons = ladder(wanted, roster, case).join(
        wanted.select("incident_id", PLACE, "_never", "chain_base"), on="incident_id"
    )
    persons = persons.with_columns(person_id=pl.when(pl.col("_never").is_null()).then("person_id"))
    known = reached(persons, roster, rules).sort("incident_id", "_turn", nulls_last=True, maintain_order=True)
    ladders = rungs.join(known, on="audience", maintain_order="left_right")
    climbing = asks.drop_nulls("rung").select("incident_id", _from="rung", _urgency="urgency")
    rows = climbing.join(ladders, on="incident_id", maintain_order="left_right").filter(
        pl.col("rung") >= pl.col("_from")
    )
    reaches = pl.col("address").is_not_null()
    best = pl.col("rung").filter(reaches).min().over("incident_id")
    # What nobody may be told of is decided once, at the first rung.
    last = pl.when(pl.col("_never").is_null()).then(best).otherwise(pl.col("_from"))
    climbed = rows.filter(pl.col("rung") <= last.fill_null(len(chain))).with_columns(
        step=pl.col("chain_base") + pl.col("rung")
    )
    beside = asks.filter(pl.col("rung").is_null()).select("incident_id", "audience", "step")
    alone = beside.join(known, on=["incident_id", "audience"], maintain_order="left").filter(pl.col("_never").is_null())
    columns = ("incident_id", "audience", "step", "person_id", "name", "channel", "address", "zone", "why")
    return pl.concat([climbed.select(*columns, "rung"), alone.select(*columns, rung=pl.lit(None, pl.Int64))])


def _judged(asked: pl.DataFrame, case: Case, roster: Roster, rules: Rules) -> pl.DataFrame:
    """Those considered with `decision`, `reason` and `due_at`."""
    settings = rules.settings
    times = local_times(asked["zone"].drop_nulls().unique().to_list(), settings, case.now)
    there = present(roster.desk, case.now)["person_id"]
    rows = asked.join(times, on="zone", how="left", maintain_order="left").join(
        case.sent, on=["channel", "address"], how="left", maintain_order="left"
    )
    is_twice = pl.col("address").is_not_null() & (pl.int_range(pl.len()).over("incident_id", "channel", "address") > 0)
    spared = pl.col("is_life_safety") | (pl.col("severity") == "critical")
    is_on_duty = pl.col("person_id").is_in(there.implode()).fill_null(value=False)
    rows = rows.with_columns(
        _twice=is_twice,
        _quiet=pl.col("is_quiet") & ~is_on_duty & ~spared & (pl.col("audience") != SYSTEM),
        _calm=pl.col("urgency") == DIGEST,
    )
    counts = pl.col("address").is_not_null() & ~pl.col("_twice") & ~pl.col("_quiet") & ~pl.col("_calm") & ~spared
    nth = counts.cast(pl.Int64).cum_sum().over("channel", "address") + pl.col("sent").fill_null(0)
    # In this order `nth` counts, so that what an hour has room for goes to the most urgent.
    rows = rows.sort("priority", "incident_id", descending=[True, False], maintain_order=True).with_columns(
        _over=counts & (nth > settings.messages_per_hour) & (pl.col("audience") != SYSTEM)
    )
    decision = (
        pl.when(pl.col("_never").is_not_null()).then("_never")
        .when(pl.col("address").is_null() & pl.col("person_id").is_null()).then(pl.lit(OFF_DUTY))
        .when(pl.col("address").is_null()).then(pl.lit(NO_ADDRESS))
        .when("_twice").then(pl.lit(SUPERSEDED))
        .when(pl.col("_calm") | pl.col("_quiet")).then(pl.lit(DIGEST))
        .when("_over").then(pl.lit(OVER_BUDGET))
        .otherwise(pl.lit(DECIDED_TOLD))
    )  # fmt: skip
    now = pl.lit(case.now, INSTANT)
    wait = (
        pl.when(spared)
        .then(timedelta(0))
        .when(pl.col("urgency") == SOON)
        .then(timedelta(minutes=settings.group_interval_minutes))
        .otherwise(timedelta(seconds=settings.group_wait_seconds))
    )
    rows = rows.with_columns(decision=decision).with_columns(
        reason=_reason(rules),
        due_at=pl.when(pl.col("decision") == DECIDED_TOLD).then(now + wait)
        .when(pl.col("decision").is_in([DIGEST, OVER_BUDGET]))
        .then(pl.when(pl.col("_quiet")).then("quiet_ends").otherwise("digest"))
        .otherwise(now),
    )  # fmt: skip
    # A person who has had enough for this hour gets it with the next digest.
    more = rows.filter(pl.col("decision") == OVER_BUDGET).with_columns(decision=pl.lit(DIGEST))
    return pl.concat([rows, more])


def _reason(rules: Rules) -> pl.Expr:
    settings = rules.settings
    seen = pl.col("last_seen_at").dt.strftime("%Y-%m-%d %H:%M")
    calm = f"{{}}; priority {{}}: below {settings.interrupt_from}, or by the route"
    words = {
        OUTSIDE_PLAN: pl.lit("the plan of the client does not hold it"),
        TOO_OLD: pl.format(f"last found at {{}} UTC, more than {settings.age_limit_minutes:g} minutes ago", seen),
        OFF_DUTY: pl.col("why"),
        NO_ADDRESS: pl.format("{} has no address for the channels of the route", "name"),
        SUPERSEDED: pl.format("reached already in another role ({})", "why"),
    }
    reason = pl.coalesce(pl.when(pl.col("decision") == name).then(text) for name, text in words.items())
    return pl.coalesce(
        reason,
        pl.when("_quiet").then(pl.format("{}; quiet hours, not on duty", "why")),
        pl.when("_calm").then(pl.format(calm, "why", "priority")),
        pl.when("_over").then(
            pl.format(f"{{}}; more than {settings.messages_per_hour} messages within an hour", "why")
        ),
        "why",
    )


def _keyed(judged: pl.DataFrame, case: Case) -> pl.DataFrame:
    """Decisions as notices: the first message to an address is `raised`, every later one a reminder."""
    rooted = case.past.filter(pl.col("kind") == RAISED, pl.col("message_key").is_not_null()).select(
        "incident_id", "channel", "address", _has=pl.lit(value=True)
    )
    rows = judged.join(rooted.unique(), on=["incident_id", "channel", "address"], how="left", maintain_order="left")
    has = pl.col("_has").fill_null(value=False)
    later = pl.concat_str(pl.lit(CHAIN), pl.col("step").cast(pl.String), separator="/")
    key = message_key(pl.when(has).then(later).otherwise(pl.lit(RAISED)))
    return rows.with_columns(kind=pl.when(has).then(pl.lit(CHAIN)).otherwise(pl.lit(RAISED))).select(
        "incident_id", "kind", "step", "audience", "person_id", "address", "decision", "reason", "rule", "urgency",
        "due_at", "priority",
        incident_version="version",
        channel=pl.col("channel").fill_null("none"),
        message_key=pl.when(pl.col("decision") == DECIDED_TOLD).then(key),
        is_critical=pl.col("is_life_safety") | (pl.col("severity") == "critical"),
    )  # fmt: skip


def _shown(work: pl.DataFrame, first: pl.DataFrame, case: Case, rules: Rules) -> pl.DataFrame:
    """Edits and ends for those who have the message.

    A mail cannot be edited: another one is written where the incident got critical, and at its end, never for numbers.
    That somebody acknowledged it is planned with the acknowledgement.
    """
    new = work.filter(pl.col("_is_new"))
    has = case.past.filter(pl.col("kind") == RAISED, pl.col("state").is_in(HAS_IT)).select(
        "incident_id", "audience", "person_id", "channel", "address"
    )
    at = ["incident_id", "channel", "address"]
    had = case.past.filter(pl.col("state").is_in(HAS_IT))
    last = had.group_by(at).agg(_last=pl.col("due_at").max(), _was_critical=pl.col("is_critical").any())
    rows = new.join(has.unique(at, maintain_order=True), on="incident_id", maintain_order="left_right").join(
        last, on=at, how="left", maintain_order="left"
    )
    rows = rows.join(
        first.filter(pl.col("decision") == DECIDED_TOLD).select(at), on=at, how="anti", maintain_order="left"
    )
    over = pl.col("state") == "resolved"
    kinds = pl.col("channel").replace_strict(dict(rules.channels), default="", return_dtype=pl.String)
    is_critical = pl.col("is_life_safety") | (pl.col("severity") == "critical")
    is_graver = (pl.col("state") == "open") & is_critical & ~pl.col("_was_critical").fill_null(value=False)
    rows = rows.filter(over | (kinds != "mail") | is_graver)
    now = pl.lit(case.now, INSTANT)
    interval = timedelta(minutes=rules.settings.group_interval_minutes)
    kind = pl.when(over).then(pl.lit(RESOLVED)).otherwise(pl.lit(UPDATE))
    version = pl.col("version").cast(pl.String)
    return rows.with_columns(
        kind=kind, step=pl.lit(0, pl.Int64), decision=pl.lit(DECIDED_TOLD), incident_version="version",
        reason=pl.when(over).then(pl.lit("was sent the first message")).otherwise(pl.lit("has it, and it changed")),
        urgency=pl.lit(NOW),
        due_at=pl.when(over | pl.col("is_life_safety")).then(now).otherwise(
            pl.max_horizontal(now, (pl.col("_last") + interval).fill_null(now))
        ),
        message_key=message_key(pl.concat_str(kind, version, separator="/")),
        is_critical=is_critical,
    )  # fmt: skip


def _moves(work: pl.DataFrame, judged: pl.DataFrame, case: Case, rules: Rules) -> pl.DataFrame:
    """Where each incident stands afterwards: its owner, its step, and when the next one is due."""
    settings, ladders = rules.settings, len(rules.settings.chain)
    climbed = judged.filter(pl.col("rung").is_not_null())
    reaches = pl.col("address").is_not_null()
    taken = climbed.group_by("incident_id").agg(
        _rung=pl.col("rung").filter(reaches).min(),
        _holder=pl.col("person_id").filter(reaches & (pl.col("audience") == OWNER)).first(),
        _stand_in=pl.col("person_id").filter(reaches).first(),
        _told_at=pl.col("due_at").filter(reaches).max(),
    )
    rows = work.join(
        taken.with_columns(_climbed=pl.lit(value=True)), on="incident_id", how="left", maintain_order="left"
    )
    # An incident that was told of in a digest and is urgent now begins its chain; one that is due and past its ladder,
    # or whose alerts are too old, waits for `repeat_interval`.
    climbs = pl.col("_climbed").fill_null(value=False) | pl.col("_is_due")
    is_calm = pl.col("urgency") == DIGEST
    is_stopped = pl.col("_never").is_not_null() | (pl.col("state") != "open")
    at_end = pl.col("_rung").is_null() | (pl.col("_rung") >= ladders)
    per_severity = {name: float(value) for name, value in settings.chain_minutes.model_dump().items()}
    minutes = pl.col("severity").replace_strict(per_severity, return_dtype=pl.Float64)
    now = pl.lit(case.now, INSTANT)
    wait = pl.when(at_end).then(pl.lit(settings.repeat_interval_minutes)).otherwise(minutes)
    # Those who get it in a digest have their time from then on; after the last digest nobody is asked again.
    told_at = pl.when(is_calm).then(pl.max_horizontal(pl.col("_told_at").fill_null(now), now)).otherwise(now)
    moved = pl.when(~(is_calm & at_end)).then(told_at + pl.duration(seconds=(wait * 60).cast(pl.Int64)))
    ended = pl.col("chain_base") + ladders
    step = pl.when(at_end).then(ended).otherwise(pl.col("chain_base") + pl.col("_rung"))
    base = pl.when(at_end).then(ended + 1).otherwise("chain_base")
    goes = climbs & ~is_stopped
    # Should a monitor find it again, its chain begins then.
    waits = (pl.col("_never") == TOO_OLD).fill_null(value=False) & (pl.col("state") == "open")
    later = now + timedelta(minutes=settings.repeat_interval_minutes)
    return rows.select(
        "incident_id", "team",
        owner_id=pl.when("_climbed").then(pl.coalesce("_holder", "owner_id", "_stand_in")).otherwise("owner_id"),
        chain_step=pl.when(goes).then(step).otherwise("chain_step"),
        chain_base=pl.when(goes).then(base).when(waits).then(pl.col("chain_step") + 1).otherwise("chain_base"),
        next_step_at=pl.when(goes).then(moved).when(waits).then(later).when(~is_stopped).then("next_step_at"),
        routed_version="version",
    ).select(_MOVES)  # fmt: skip
