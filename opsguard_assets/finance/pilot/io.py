"""The pilot of a client, read from the lake and the database.

Here: reading and composing. Not here: numbers (`figures`), what is missing (`enough`), which plan follows
(`recommend`), forms.

Everything is read with the client's own rows; nothing of another client moves a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import dataframely as dy
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.features import FEATURE_NAMES, FEATURES
from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import Entitlements, features_held, sections_held
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.entitlements.prices import lines
from opsguard_assets.entitlements.schemas import Exceptions, PlansHeld, PlanStates
from opsguard_assets.finance.pilot import enough, figures
from opsguard_assets.finance.pilot.periods import Period, period
from opsguard_assets.finance.pilot.pilot import Compared, Number, Pilot, Waiting
from opsguard_assets.finance.pilot.recommend import Case, recommended
from opsguard_assets.finance.revenue.io import costs_of, counted, known_at, shadow_at
from opsguard_assets.finance.revenue.states import states
from opsguard_assets.finance.revenue.upgrades import upgrade_candidates
from opsguard_assets.finance.revenue.use import usage
from opsguard_assets.satisfaction.answers_io import questions_between
from opsguard_assets.satisfaction.rating import ratings
from opsguard_assets.scorecards.kpis.alerts import AUTO_RESOLUTION, EPISODES, MTTA
from opsguard_assets.scorecards.kpis.feeds_io import Reading, feeds
from opsguard_assets.scorecards.kpis.io import Computed, compute_over
from opsguard_assets.scorecards.kpis.months import spans
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.predictions import PREDICTIONS_CAME_TRUE, announcements
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.kpis.schemas import KPIS, Announcements, ClientMonths
from opsguard_assets.scorecards.kpis.terms import terms
from opsguard_assets.scorecards.value.io import value_between
from opsguard_assets.scorecards.value.worth import WindowOfClient
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.tables.table import rows_of
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.noise import judged
from opsguard_assets.triage.learning.problem_io import dataset_at
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

_TICK: Final = timedelta(microseconds=1)
_DOLLAR: Final = "USD"
# Features of whose use there is a count (`finance.revenue.use`).
_COUNTED: Final = frozenset(FEATURES) - {"priority_support"}


class PilotError(LookupError):
    """There is no such pilot; the message says why."""


@dataclass(frozen=True)
class House:
    """What pilots are read of.

    Attributes:
        lake: Records, scores, episodes of alerts.
        database: Alerts, decisions, playbooks, answers.
        settings: What things are worth and cost, bands, hold-out.
        declared: Types of alerts by name.
    """

    lake: Lake
    database: Database
    settings: Settings
    declared: Mapping[str, AlertType]


@dataclass(frozen=True)
class _Place(House):
    """The same, for one pilot at a moment."""

    past: Past
    client_id: str
    days: Period
    as_of: datetime


def pilot_at(house: House, client_id: str, dates: tuple[date, date], as_of: datetime, code: str) -> Pilot:
    """What a pilot showed by a moment.

    Args:
        house: What it is read of.
        client_id: Whose pilot it is.
        dates: Its first and last day, in the client's zone.
        as_of: The moment (UTC); what was known later does not count.
        code: Version of OpsGuard.

    Raises:
        PilotError: When the client is not known.
        PeriodError: When the days make no pilot.
    """
    lake, settings = house.lake, house.settings
    client = _client(lake, client_id, as_of)
    days = period(*dates, client["timezone"], as_of)
    past = Past.read(house.database, as_of, days.before.replace(day=1))
    place = _Place(lake, house.database, settings, house.declared, past, client_id, days, as_of)
    held = _own(entitlements_at(lake, settings, min(days.until - _TICK, as_of)), client_id)
    months = days.spans(client_id)
    computed = compute_over(lake, past, settings, as_of, months)
    worth, prices = _worth(place, computed), _prices(place)
    plan, currency = held.clients["plan"][0], client["currency"] or _DOLLAR
    is_comparable = currency == settings.plans.currency
    numbers = _numbers(place, computed, _announced(place, months), worth, held)
    numbers += figures.returns(numbers, prices.get(plan or ""), is_comparable=is_comparable)
    waiting = _waiting(place, numbers, worth)
    both = _compared(place, computed, held)
    named, reasons = recommended(_case(place, held, numbers, waiting, prices, is_comparable=is_comparable))
    dated = [each.during.data_through for each in both if each.during.data_through is not None]
    return Pilot(
        client_id=client_id,
        client_name=client["name"],
        first=days.first,
        last=days.last,
        through=days.through,
        before=days.before,
        timezone=client["timezone"],
        language=settings.scorecards.language_of(client_id),
        locale=settings.scorecards.locale_of(client_id),
        currency=currency,
        prices_in=settings.plans.currency,
        plan=plan,
        is_trial=bool(held.clients["is_trial"][0]),
        as_of=as_of,
        data_through=min(dated, default=None),
        code=code,
        holdout_share=Decimal(str(settings.sla.holdout_share)),
        compared=both,
        numbers=tuple(numbers),
        waiting=tuple(waiting),
        recommended=named,
        reasons=reasons,
    )


def _client(lake: Lake, client_id: str, as_of: datetime) -> dict[str, Any]:
    known = lake.known(CLIENTS, as_of).filter(pl.col("client_id") == client_id).collect()
    if known.is_empty():
        raise PilotError(f"no client {client_id!r} is known; `opsguard finance mrr` names those that are")
    return known.row(0, named=True)


def _compared(place: _Place, computed: Computed, held: Entitlements) -> tuple[Compared, ...]:
    """Key figures of the sections that the client's plan holds, before and during."""
    sections = set(sections_held(held)["section"])
    shown = {name: kpi for name, kpi in REGISTRY.items() if kpi.section in sections}
    known = terms(REGISTRY, place.settings, pl.Series([place.client_id])).drop_nulls("per")
    per = dict(known.select("kpi", "per").iter_rows())
    whole = computed.kpis.filter(pl.col("site_id").is_null())
    return figures.compared(KPIS.rows(whole), computed.rows, shown, per)


def _own(held: Entitlements, client_id: str) -> Entitlements:
    mine = pl.col("client_id") == client_id
    clients, exceptions = held.clients.filter(mine), held.exceptions.filter(mine)
    return Entitlements(rows_of(PlansHeld, clients), rows_of(Exceptions, exceptions), held.plans)


def _announced(place: _Place, months: dy.DataFrame[ClientMonths]) -> dy.DataFrame[Announcements]:
    reading = Reading(place.lake, lambda: place.past, place.settings, place.as_of, *spans(months))
    return announcements(feeds(reading, [PREDICTIONS_CAME_TRUE]), months.lazy())


def _worth(place: _Place, computed: Computed) -> WindowOfClient:
    window = rows_of(ClientMonths, computed.months.filter(pl.col("month") == place.days.first))
    return value_between(place.past, place.lake, place.settings, place.declared, computed.rows, window, place.as_of)


def _numbers(
    place: _Place,
    computed: Computed,
    announced: dy.DataFrame[Announcements],
    worth: WindowOfClient,
    held: Entitlements,
) -> list[Number]:
    first, database, as_of = place.days.first, place.database, place.as_of
    of_pilot, of_base = (
        rows_of(Announcements, announced.filter(pl.col("month") == day)) for day in (first, place.days.before)
    )
    measured = (figures.BREACH,) if worth.held_back else ()
    units = place.settings.money.units_of(place.client_id)
    known, others, open_ = _judged(place)
    months = (first.replace(day=1), place.days.through.replace(day=1))
    asked = questions_between(database, *months, as_of).filter(pl.col("client_id") == place.client_id)
    return [
        *figures.predicted(of_pilot),
        *figures.detected(_delivered(place, computed), worth, _watched(place), place.days.days),
        *figures.prevented(worth),
        *figures.estimates(of_pilot, of_base, *measured),
        *figures.resolved(worth, _auto_resolved(computed, first)),
        *figures.false_alarms(known, others, open_, units["alert_minutes"], units["hourly_cost"]),
        *figures.adoption(_used(place, held), _held(held), _people(place)),
        *figures.satisfaction(ratings(asked).row(0, named=True), place.settings.satisfaction.target),
    ]


def _delivered(place: _Place, computed: Computed) -> pl.DataFrame:
    """Alerts of the pilot that nothing kept from people, as the key figure of taking up has them."""
    rows = computed.rows.filter(pl.col("kpi") == MTTA.name, pl.col("month") == place.days.first)
    heard = rows.filter(pl.col("excluded").is_null() | (pl.col("excluded") == "not_acknowledged"))
    past, days = place.past, place.days
    reading = Reading(place.lake, lambda: past, place.settings, place.as_of, days.since, days.until)
    episodes = feeds(reading, [MTTA])[EPISODES].select(
        "alert_type", entity_id=pl.format("{}/{}", "alert_id", "opening")
    ).collect()  # fmt: skip
    return heard.select("entity_id", was_taken=pl.col("excluded").is_null()).join(episodes, on="entity_id")


def _auto_resolved(computed: Computed, first: date) -> tuple[int, int] | None:
    """Alerts that playbooks resolved, of those that ended; None where no playbook had acted."""
    mine = pl.col("kpi").eq(AUTO_RESOLUTION.name) & pl.col("month").eq(first) & pl.col("site_id").is_null()
    row = computed.kpis.filter(mine).row(0, named=True)
    return (int(row["numerator"]), int(row["denominator"])) if row["denominator"] else None


def _watched(place: _Place) -> int:
    """On how many days of the pilot any monitor looked."""
    values = {"zone": place.days.zone, "since": place.days.since, "until": place.days.until}
    with place.database.begin() as connection:
        return int(connection.execute(statement(__name__, "watched_days"), values).scalar_one())


def _judged(place: _Place) -> tuple[list[bool], list[bool], int]:
    """Of alerts of the pilot whose outcome is known, ours and those of other systems: whether they needed a person.

    And how many of ours are not known yet.

    Alerts on which a playbook acted are left out: that nobody had to take them up is what it is for.
    """
    days = place.days
    dataset = dataset_at(place.lake, place.as_of, place.settings, since=days.since)
    mine = (pl.col("client_id") == place.client_id) & (pl.col("begins_at") < pl.lit(days.until, INSTANT))
    acted = (
        place.past.executions_since(days.since)
        .collect()
        .filter(pl.col("acted_at").is_not_null(), pl.col("mode") != "shadow")
    )
    key = ["alert_id", "opening"]
    known = judged(dataset, days.since).filter(mine).join(acted.select(key).unique(), on=key, how="anti")
    raised = dataset.episodes.filter(mine, pl.col("begins_at") >= pl.lit(days.since, INSTANT))
    is_ours = pl.col("external_alert_id").is_null()
    immature = raised.filter(is_ours, pl.col("is_event").is_null(), pl.col("matures_at") > pl.lit(place.as_of, INSTANT))
    ours, theirs = (known.filter(mine)["is_event"].to_list() for mine in (is_ours, ~is_ours))
    return ours, theirs, len(immature)


def _used(place: _Place, held: Entitlements) -> pl.DataFrame:
    """How often the client used features in the pilot: `feature`, `unit`, `used`."""
    alerts, runs, sent = counted(place.database, place.settings, place.days.since, place.days.until - _TICK)
    mine = pl.col("client_id") == place.client_id
    kinds = {name: each.feature for name, each in place.declared.items()}
    used = usage(alerts.filter(mine), runs.filter(mine), sent.filter(mine), held, kinds)
    sums = used.group_by("feature", "unit").agg(pl.col("used").sum())
    return sums.sort("used", "feature", "unit", descending=[True, False, False])


def _held(held: Entitlements) -> list[str]:
    return [name for name in features_held(held)["feature"] if name in _COUNTED]


def _people(place: _Place) -> pl.DataFrame:
    """Who did what about alerts of the client: `actor`, `what`, `n`."""
    values = {"client_id": place.client_id, "since": place.days.since, "until": place.days.until}
    with place.database.begin() as connection:
        found = [tuple(row) for row in connection.execute(statement(__name__, "people"), values)]
    return pl.DataFrame(found, schema={"actor": pl.String, "what": pl.String, "n": pl.Int64}, orient="row")


def _prices(place: _Place) -> dict[str, Decimal]:
    """What each plan costs for the days of the pilot, also where it was tried: a day is a part of its month."""
    days = place.days
    each = [days.first + timedelta(days=number) for number in range(days.days)]
    moments = pl.DataFrame(
        [(day, days.starts_at(day + timedelta(days=1)) - _TICK) for day in each],
        schema={"on": pl.Date, "at": INSTANT}, orient="row",
    )  # fmt: skip
    known = known_at(place.lake, place.settings.plans, place.as_of)
    rows = states(known, place.settings.plans, moments).filter(pl.col("client_id") == place.client_id)
    if rows.is_empty():
        return {}
    paying = rows.with_columns(is_trial=pl.lit(value=False), is_ended=pl.lit(value=False))
    by_plan = {plan: rows_of(PlanStates, paying.with_columns(plan=pl.lit(plan))) for plan in PLAN_NAMES}
    return {plan: _price(lines(each, place.settings.plans)) for plan, each in by_plan.items()}


def _price(charged: pl.DataFrame) -> Decimal:
    """The sum of a month's amounts, each for one of the days of its month; rounded once."""
    by_length = charged.group_by(days=pl.col("on").dt.month_end().dt.day()).agg(pl.col("amount").sum())
    parts = (Decimal(amount) / days for days, amount in by_length.sort("days").iter_rows())
    return sum(parts, Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _waiting(place: _Place, numbers: Sequence[Number], worth: WindowOfClient) -> list[Waiting]:
    """What cannot be said yet."""
    days, share = place.days.days, place.settings.sla.holdout_share
    kept = next((each for each in numbers if each.code == "breaches"), None)
    effect = None
    if kept is not None and kept.value is not None and kept.low is not None:
        effect = (float(kept.value), float(kept.low))
    found = [enough.of_prevention(worth.held_back, worth.acted_on, effect, days, share)]
    for code in ("false_alarms", "auto_resolution"):
        own = next(each for each in numbers if each.code == code)
        if own.missing != "no_playbook":
            found.append(enough.of_share(code, own.n or 0, days))
    return [each for each in found if each is not None]


def _case(
    place: _Place,
    held: Entitlements,
    numbers: Sequence[Number],
    waiting: Sequence[Waiting],
    prices: Mapping[str, Decimal],
    *,
    is_comparable: bool,
) -> Case:
    own = {each.of for each in numbers if each.section == "adoption" and each.value}
    used = [name for name in FEATURE_NAMES if name in own]
    ranks = {name: rank for rank, name in enumerate(PLAN_NAMES)}
    needed = [FEATURES[name].plan for name in used]
    return Case(
        plan=held.clients["plan"][0],
        worth=next(each.value for each in numbers if each.code == "net_worth"),
        prices=prices,
        is_comparable=is_comparable,
        least=max(needed, key=ranks.__getitem__) if needed else None,
        used=tuple(used),
        waiting=[each for each in waiting if each.what == "breaches"],
        shadow=_shadow(place, held),
    )


def _shadow(place: _Place, held: Entitlements) -> dict[str, tuple[int, tuple[str, ...], Decimal]]:
    """What greater plans would have sent in the pilot: alerts, features, what such troubles cost."""
    days = place.days
    looking = place.settings.model_copy(
        update={"billing": place.settings.billing.model_copy(update={"shadow_days": days.days})}
    )
    found, _ = shadow_at(place.database, place.lake, looking, days.until)
    moments = pl.DataFrame([(days.through, days.until - _TICK)], schema={"on": pl.Date, "at": INSTANT}, orient="row")
    now = states(known_at(place.lake, place.settings.plans, place.as_of), place.settings.plans, moments)
    mine = pl.col("client_id") == place.client_id
    rows = upgrade_candidates(
        found.filter(mine),
        now.filter(mine).with_columns(is_trial=pl.lit(value=False)),
        held,
        {name: each.feature for name, each in place.declared.items()},
        costs_of(place.settings, place.declared),
    )
    return {
        row["next_plan"]: (
            row["alerts"],
            tuple(each.rpartition(" ")[0] for each in row["features"].split(", ")),
            row["exposure"],
        )
        for row in rows.iter_rows(named=True)
    }
