"""Verification of vendors: a late vendor ranks below a punctual one, and a late order is alerted.

Here: planted vendors and their orders, and what must be said of them. Not here: running ticks (`ticks_io`).
"""

from typing import Any

from opsguard_assets.vendors.alerts.alert_types import BELOW_TARGET, OVERDUE
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.verification.planting import DAY, GOLD, HOUR, NOW, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.ticks_io import vendors_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World

_SITE, _TRADE = "planted-works", "planted trade"
_LATE, _PUNCTUAL = "vendor-late", "vendor-punctual"
_JOBS, _LATE_JOBS, _LEAST_GAP = 24, 18, 20
_OVERDUE, _ON_TIME, _AHEAD = "order-overdue", "order-done", {_LATE: "order-of-late", _PUNCTUAL: "order-of-punctual"}


def records() -> Records:
    """Two vendors of a trade with 24 jobs each: the one was late with 18 of them, the other with none."""
    jobs = [_job(vendor, number) for vendor in (_LATE, _PUNCTUAL) for number in range(_JOBS)]
    overdue = _order(_OVERDUE, _LATE, NOW - 2 * DAY, NOW - 3 * HOUR, status="open")
    done = {
        **_order(_ON_TIME, _PUNCTUAL, NOW - 2 * DAY, NOW - 3 * HOUR, status="completed"),
        "completed_at": NOW - 9 * HOUR,
    }
    ahead = [_order(name, vendor, NOW - 2 * DAY, NOW + 5 * HOUR, status="open") for vendor, name in _AHEAD.items()]
    return {
        "sites": [site(_SITE)],
        "vendors": [{"vendor_id": each, "name": each, "trade": _TRADE} for each in (_LATE, _PUNCTUAL)],
        "work_orders": [*jobs, overdue, {**done, "known_at": NOW - 9 * HOUR}, *ahead],
    }


def _order(name: str, vendor: str, created: Any, due: Any, **more: Any) -> dict[str, Any]:
    return {
        "work_order_id": name, "vendor_id": vendor, "site_id": _SITE, "client_id": GOLD, "category": "repair",
        "priority": "medium", "created_at": created, "due_at": due, "estimated_hours": 4.0, "known_at": created, **more,
    }  # fmt: skip


def _job(vendor: str, number: int) -> dict[str, Any]:
    """A job that was done: one every three days."""
    due = NOW - (4 + 3 * number) * DAY
    is_late = vendor == _LATE and number % 4 != 0
    done = due + DAY if is_late else due - 2 * HOUR
    good = vendor == _PUNCTUAL
    made = _order(f"{vendor}-{number}", vendor, due - 3 * DAY, due, status="completed")
    return {**made, "completed_at": done, "actual_hours": 4.0 if good else 7.0, "quality_rating": 5.0 if good else 2.0,
            "known_at": done}  # fmt: skip


def check(world: World) -> Found:
    """One tick."""
    found = Found(
        "opsguard tick vendors", "`opsguard vendors report` shows what a score is made of; see docs/vendors.md"
    )
    scored = vendors_tick(world, NOW)
    rows = {row["vendor_id"]: row for row in scored.to_dicts() if row["vendor_id"] in (_LATE, _PUNCTUAL)}
    if not found.equal("vendors with a score", sorted(rows), sorted((_LATE, _PUNCTUAL)), where="scores of vendors"):
        return found
    late, punctual = rows[_LATE], rows[_PUNCTUAL]
    found.equal(
        "ranks of the punctual and of the late vendor",
        [punctual["rank"], late["rank"]],
        [1, 2],
        where="scores of vendors",
    )
    gap = punctual["score"] - late["score"]
    found.holds(
        gap >= _LEAST_GAP,
        f"the punctual vendor has {punctual['score']:.0f} points, the late one {late['score']:.0f}",
        where="scores of vendors",
    )
    alerts = world.alerts([_OVERDUE, _ON_TIME, _LATE, _PUNCTUAL, *_AHEAD.values()])
    overdue = [entity for entity, kind in alerts if kind == OVERDUE]
    found.equal("orders alerted as overdue", overdue, [_OVERDUE], where="alerts of vendors")
    below = [entity for entity, kind in alerts if kind == BELOW_TARGET]
    found.equal("vendors alerted as below their target", below, [_LATE], where="alerts of vendors")
    risks = dict(world.lake.rows_at(WORK_ORDER_RISK, NOW).select("work_order_id", "risk").iter_rows())
    of_late, of_punctual = (risks.get(_AHEAD[vendor]) for vendor in (_LATE, _PUNCTUAL))
    is_greater = of_late is not None and of_punctual is not None and of_late > of_punctual
    found.holds(
        is_greater,
        f"the order of the late vendor has a risk of {of_late}, that of the punctual one {of_punctual}",
        where="risk of work orders",
    )
    found.figure(
        f"{punctual['score']:.0f} points against {late['score']:.0f}; overdue order alerted; risk ahead "
        f"{of_late or 0:.0%} against {of_punctual or 0:.0%}"
    )
    return found


VERIFICATION = Verification(
    name="vendors",
    asks="A late vendor ranks below a punctual one and is alerted; so is an order that is late.",
    planted=f"a vendor late with {_LATE_JOBS} of {_JOBS} jobs, one with none, an order past its due time",
    check=check,
    records=records,
)
