"""The numbers of a pilot, out of what was read of its days.

Here: counting, shares with Wilson's interval, money. Not here: reading (`io`), what is missing (`enough`), which plan
follows (`recommend`).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import dataframely as dy
import polars as pl

from ml.evaluation.intervals import wilson_ends
from ml.evaluation.prevention import LEAST, Group, prevention
from opsguard_assets.finance.pilot.pilot import Compared, How, Number, Section, Unit
from opsguard_assets.scorecards.card.compose import decimal, known, measure_of
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.schemas import Announcements, KpiRows, Kpis
from opsguard_assets.scorecards.value.estimate import ANNOUNCED
from opsguard_assets.scorecards.value.estimate import estimates as estimated
from opsguard_assets.scorecards.value.worth import BREACHES, COUNTED, MEASURED, PENALTIES, WindowOfClient

NOTHING, TOO_FEW, NEVER_HELD_BACK = "nothing", "too_few", "never_held_back"
NOT_CHECKED, ACTED_BEFORE, NOT_CALIBRATED = "not_checked", "acted_before", "not_calibrated"
FEW_ANNOUNCED: Final = "few_announced"
NO_TICK: Final = "no_tick"
NOT_MEASURED, NO_PRICE, OTHER_CURRENCY = "not_measured", "no_price", "other_currency"
_CENT: Final = Decimal("0.01")
BREACH: Final = "sla_breach"


def share(section: Section, code: str, part: int, n: int, *, of: str | None = None, how: How = "counted") -> Number:
    """A share of so many, in percent, with its interval; of none there is none."""
    if not n:
        return Number(section=section, code=code, of=of, value=None, unit="percent", n=0, how="none", missing=NOTHING)
    low, high = wilson_ends(part / n, float(n))
    ends = [decimal(100 * min(max(end, 0.0), 1.0)) for end in (low, high)]
    return Number(
        section=section, code=code, of=of, value=decimal(100 * part / n), unit="percent", low=ends[0], high=ends[1],
        part=part, n=n, how=how,
    )  # fmt: skip


def tally(section: Section, code: str, number: int, *, of: str | None = None, n: int | None = None) -> Number:
    """So many, counted one by one."""
    return Number(section=section, code=code, of=of, value=Decimal(number), unit="count", n=n)


def compared(
    figures: dy.DataFrame[Kpis], rows: dy.DataFrame[KpiRows], kpis: Mapping[str, Kpi], per: Mapping[str, int]
) -> tuple[Compared, ...]:
    """Key figures before and during, in the order of the registry; those without a figure in either are left out.

    Args:
        figures: Of one client as a whole, two rows of each: base line and pilot.
        rows: Those behind them.
        kpis: The key figures to show.
        per: Of counts: per how many.
    """
    counted = rows.filter(pl.col("excluded").is_null())
    alike = counted.group_by("kpi").agg(is_alike=(pl.col("denominator") == 1).all())
    unweighted = set(alike.filter("is_alike")["kpi"])
    found = []
    for name, kpi in kpis.items():
        own = figures.filter(pl.col("kpi") == name).sort("month").to_dicts()
        before, during = (measure_of(row, per.get(name), [row["value"]]) for row in own)
        if before.value is None and during.value is None:
            continue
        low = high = None
        if kpi.aggregate == "share" and name in unweighted and own[0]["denominator"] and own[1]["denominator"]:
            after, base = (Group(int(row["denominator"]), int(row["numerator"])) for row in reversed(own))
            change = prevention(after, base)
            low, high = (None if end is None else decimal(100 * end) for end in (change.low, change.high))
        found.append(Compared(before=before, during=during, low=low, high=high))
    return tuple(found)


def predicted(announced: dy.DataFrame[Announcements]) -> list[Number]:
    """What was announced by each learned problem, and how much of what nobody acted on came true."""
    found: list[Number] = []
    if announced.is_empty():
        return [
            Number(section="predicted", code="any_announced", value=None, unit="count", how="none", missing=NOTHING)
        ]
    for problem in announced["problem"].unique().sort():
        own = announced.filter(pl.col("problem") == problem)
        alone = own.filter(~pl.col("was_acted_on"))
        came = int(alone["came_true"].sum())
        expected = decimal(float(alone["probability"].sum()))
        found += [
            tally("predicted", "announced", len(own), of=problem),
            share("predicted", "came_true", came, len(alone), of=problem),
            Number(
                section="predicted", code="expected", of=problem, value=expected if len(alone) else None, unit="count",
                n=len(alone), missing=None if len(alone) else NOTHING,
            ),
        ]  # fmt: skip
    return found


def estimates(
    announced: dy.DataFrame[Announcements], before: dy.DataFrame[Announcements], *skipped: str
) -> list[Number]:
    """What acting may have prevented where nothing was held back: expected less happened, an estimate.

    It is the estimate of scorecards (`scorecards.value.estimate`), checked on the base line. People who acted on
    predictions then left no fair sample, so there is an estimate only where nobody did.

    Args:
        announced: Of the pilot.
        before: Of the base line.
        skipped: Problems that are measured.
    """
    found = []
    for problem in announced["problem"].unique().sort():
        mine = pl.col("problem") == problem
        acted, base = announced.filter(mine, pl.col("was_acted_on")), before.filter(mine)
        if problem in skipped or acted.is_empty():
            continue
        both = [acted.with_columns(is_told=pl.lit(value=True)), base.with_columns(is_told=pl.lit(value=False))]
        chosen = pl.concat(both).with_row_index("entity_id").rename({"probability": "risk", "came_true": "is_event"})
        rows = estimated(chosen.select(pl.col(name).cast(kind) for name, kind in ANNOUNCED.items())).to_dicts()
        why = ACTED_BEFORE if base["was_acted_on"].any() else _unchecked(len(base), len(acted)) if not rows else None
        row = None if why else rows[0]
        found.append(
            Number(
                section="prevented", code="estimate", of=problem, unit="count", n=len(acted),
                value=None if row is None else decimal(row["expected"] - row["happened"]),
                low=None if row is None else decimal(row["low"]), high=None if row is None else decimal(row["high"]),
                part=int(acted["came_true"].sum()), how="estimated" if row else "none", missing=why,
            )
        )  # fmt: skip
    return found


def _unchecked(before: int, acted: int) -> str:
    """Why there is no estimate: too few to check on, too few to estimate, or odds that did not hold."""
    return NOT_CHECKED if before < LEAST else FEW_ANNOUNCED if acted < LEAST else NOT_CALIBRATED


def detected(delivered: pl.DataFrame, worth: WindowOfClient, watched: int, days: int) -> list[Number]:
    """What people were told of, and how much of what went wrong had been announced.

    Args:
        delivered: Alerts of the pilot that nothing kept from people: `alert_type`, `was_taken`.
        worth: Late tickets, and those that were warned of.
        watched: On how many days any monitor looked; without one nothing was detected, and nothing is counted.
        days: Of how many.
    """
    if not watched:
        units: list[tuple[str, Unit]] = [
            ("alerts", "count"), ("taken_up", "percent"), ("warned", "percent"), ("lead_hours", "hours"),
        ]  # fmt: skip
        return [
            share("detected", "watched", 0, days),
            *(
                Number(section="detected", code=code, value=None, unit=unit, how="none", missing=NO_TICK)
                for code, unit in units
            ),
        ]
    taken = int(delivered["was_taken"].sum())
    found = [
        share("detected", "watched", watched, days),
        tally("detected", "alerts", len(delivered)),
        share("detected", "taken_up", taken, len(delivered)),
        share("detected", "warned", worth.warned, worth.late),
        Number(
            section="detected", code="lead_hours", value=decimal(worth.lead_hours), unit="hours", n=worth.warned,
            missing=None if worth.lead_hours is not None else NOTHING,
        ),
    ]  # fmt: skip
    kinds = delivered.group_by("alert_type").agg(n=pl.len()).sort("n", "alert_type", descending=[True, False])
    return [*found, *(tally("detected", "alerts", n, of=kind) for kind, n in kinds.iter_rows())]


def prevented(worth: WindowOfClient) -> list[Number]:
    """What acting prevented, item by item, and the share of late tickets that it prevented."""
    rows = worth.value.to_dicts()
    found = [_prevented(row, worth) for row in rows if row["item"] not in {"alerts_resolved", "hours_saved"}]
    main = next((each for each in found if each.code == BREACHES), None)
    rate = None
    if main is not None and main.value is not None and worth.expected:
        expected = known(worth.expected)
        ends = [None if end is None else 100 * end / expected for end in (main.value, main.low, main.high)]
        rate = [None if end is None else decimal(float(end)) for end in ends]
    value, low, high = rate or (None, None, None)
    return [
        Number(
            section="prevented", code="prevention_rate", value=value, low=low, high=high, unit="percent",
            n=worth.acted_on, how="measured" if rate else "none", missing=None if rate else TOO_FEW,
        ),
        *found,
    ]  # fmt: skip


def _prevented(row: Mapping[str, object], worth: WindowOfClient) -> Number:
    item, method = str(row["item"]), row["method"]
    is_held = item in {BREACHES, PENALTIES}
    missing = None if row["count"] is not None else TOO_FEW if is_held else NEVER_HELD_BACK
    return Number(
        section="prevented", code=item, value=_number(row["count"]), unit="count", low=_number(row["low"]),
        high=_number(row["high"]), n=worth.acted_on if is_held else None,
        how="none" if missing else "measured" if method == MEASURED else "counted",
        unit_value=_number(row["unit_value"]), money=_number(row["money"]), missing=missing,
    )  # fmt: skip


def _number(value: object) -> Decimal | None:
    return decimal(value) if isinstance(value, float) else None


def resolved(worth: WindowOfClient, auto: tuple[int, int] | None) -> list[Number]:
    """What was resolved without hands.

    Args:
        worth: What was counted.
        auto: Alerts that playbooks resolved, of those that ended; None where no playbook had acted.
    """
    rate = (
        share("resolved", "auto_resolution", *auto)
        if auto
        else Number(
            section="resolved", code="auto_resolution", value=None, unit="percent", how="none", missing="no_playbook"
        )
    )
    rows = {row["item"]: row for row in worth.value.to_dicts() if row["method"] == COUNTED}
    return [
        rate,
        *(
            Number(
                section="resolved", code=item, value=_number(rows[item]["count"]), unit=unit,
                unit_value=_number(rows[item]["unit_value"]), money=_number(rows[item]["money"]),
            )
            for item, unit in (("alerts_resolved", "count"), ("hours_saved", "hours"))
            if item in rows
        ),
    ]  # fmt: skip


def false_alarms(
    judged: Sequence[bool], others: Sequence[bool], open_: int, minutes: float, hourly: float
) -> list[Number]:
    """Alerts that needed nobody, and what looking at them cost.

    Args:
        judged: Of each alert of ours whose outcome is known: whether it needed a person.
        others: The same of alerts of other systems: they are no false alarms of ours, and cost nothing here.
        open_: Alerts whose outcome is not known yet.
        minutes: Minutes that handling one takes.
        hourly: What an hour of that person costs.
    """
    needless = len(judged) - sum(judged)
    each = Decimal(str(minutes)) / 60 * Decimal(str(hourly))
    cost = (each * needless).quantize(_CENT, ROUND_HALF_UP)
    return [
        share("false_alarms", "false_alarms", needless, len(judged)),
        Number(
            section="false_alarms", code="false_alarm_cost", value=cost if judged else None, unit="money", n=needless,
            unit_value=each.quantize(_CENT, ROUND_HALF_UP), missing=None if judged else NOTHING,
        ),
        tally("false_alarms", "not_judged", open_),
        share("false_alarms", "others_needless", len(others) - sum(others), len(others)),
    ]  # fmt: skip


def adoption(used: pl.DataFrame, held: Iterable[str], people: pl.DataFrame) -> list[Number]:
    """Who used what.

    Args:
        used: `feature`, `unit`, `used` of the pilot.
        held: Features that the client receives and whose use is counted.
        people: `actor`, `what`, `n`.
    """
    found = [
        tally("adoption", unit.replace(" ", "_"), number, of=feature)
        for feature, unit, number in used.select("feature", "unit", "used").iter_rows()
    ]
    unused = [tally("adoption", "unused", 0, of=name) for name in held if name not in set(used["feature"])]
    acts = [tally("adoption", what, n, of=actor) for actor, what, n in people.select("actor", "what", "n").iter_rows()]
    return [*found, *acts, *unused]


def satisfaction(rating: Mapping[str, float | int | None], target: float) -> list[Number]:
    """How satisfied contacts said that they were.

    Args:
        rating: A row of `satisfaction.rating.ratings`.
        target: The mean that is aimed at.
    """
    asked, answered = int(rating["asked"] or 0), int(rating["answered"] or 0)
    mean = rating["mean"]
    why = None if mean is not None else "nobody_asked" if not asked else "no_answer"
    ends = {name: decimal(end) if (end := rating[name]) is not None else None for name in ("low", "high")}
    return [
        share("satisfaction", "response_rate", answered, asked, how="answered"),
        Number(
            section="satisfaction", code="satisfaction", value=decimal(mean), unit="score", n=answered,
            how="none" if why else "answered", missing=why, **ends,
        ),
        Number(section="satisfaction", code="satisfaction_target", value=known(target), unit="score", how="priced"),
    ]  # fmt: skip


def returns(numbers: Sequence[Number], price: Decimal | None, *, is_comparable: bool) -> list[Number]:
    """What the pilot was worth against what its plan costs for the same days.

    Only what was measured or counted is added up; what is not told from none has no money, and estimates have none.

    Args:
        numbers: Those of all other sections.
        price: What the plan costs for the days of the pilot; None: unknown.
        is_comparable: Whether worth and price are in one currency.
    """
    paying = [each for each in numbers if each.money and each.how in ("measured", "counted")]
    worth = sum((each.money for each in paying if each.money is not None), Decimal(0)) if paying else None
    low, high = (_end(paying, worth, end) for end in ("low", "high"))
    cost = next((each.value for each in numbers if each.code == "false_alarm_cost"), None)
    net = None if worth is None else worth - (cost or Decimal(0))
    why = (
        NOT_MEASURED if net is None
        else NO_PRICE if not price
        else None if is_comparable else OTHER_CURRENCY
    )  # fmt: skip
    times = net / price if net is not None and price and not why else None
    reach = [(net or 0) - (worth or 0) + end if end is not None and worth is not None else None for end in (low, high)]
    ends = [end / price if end is not None and price and times is not None else None for end in reach]
    missing = None if worth is not None else NOT_MEASURED
    return [
        Number(section="returns", code="worth", value=_cents(worth), unit="money", low=_cents(low), high=_cents(high),
               how="measured" if worth is not None else "none", missing=missing),
        Number(section="returns", code="net_worth", value=_cents(net), unit="money", how="measured" if net else "none",
               missing=missing),
        Number(section="returns", code="price", value=_cents(price), unit="money", how="priced",
               missing=None if price is not None else NO_PRICE),
        Number(section="returns", code="times", value=_times(times), unit="times", low=_times(ends[0]),
               high=_times(ends[1]), how="none" if why else "measured", missing=why),
    ]  # fmt: skip


def _end(paying: Sequence[Number], worth: Decimal | None, end: str) -> Decimal | None:
    """The sum with one end of what was measured; None where nothing in it was: what is counted has no interval.

    At most one item is measured with money, so that ends are never added to ends.
    """
    measured = [each for each in paying if each.how == "measured"]
    if worth is None or len(measured) != 1:
        return None
    (one,) = measured
    edge = getattr(one, end)
    return (
        None
        if edge is None or one.unit_value is None or one.money is None
        else worth - one.money + edge * one.unit_value
    )


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_CENT, ROUND_HALF_UP)


def _times(value: Decimal | None) -> Decimal | None:
    return None if value is None else decimal(float(value))
