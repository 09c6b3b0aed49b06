"""Vendors and work orders for tests, and an independent oracle of the score: loops over plain numbers."""

from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import polars as pl
from scipy.stats import beta

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.scores.jobs import jobs

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
ZONE = "Europe/Berlin"


def order(number, vendor="v1", *, due=-24.0, late=0.0, **fields):
    """An order due so many hours from `AS_OF`, and done so many hours after that; not done where `late` is None."""
    due_at = AS_OF + timedelta(hours=due)
    done = None if late is None else due_at + timedelta(hours=late)
    created = due_at - timedelta(hours=48)
    return {
        "work_order_id": f"w{number:05d}", "vendor_id": vendor, "created_at": created, "due_at": due_at,
        "completed_at": done, "known_at": created, **fields,
    }  # fmt: skip


def frame(table, rows):
    """Rows of a canonical table; what a row does not say is null."""
    return pl.concat([TABLES[table].empty(), pl.DataFrame(rows, infer_schema_length=None)], how="diagonal_relaxed")


def vendors(*names, trade="plumbing"):
    return frame("vendors", [{"vendor_id": name, "name": name.upper(), "trade": trade} for name in names])


def jobs_of(orders, as_of=AS_OF):
    return jobs(frame("work_orders", orders), as_of, zone=ZONE).with_columns(period=pl.lit("90 days"))


WEIGHTS = {"sla": 40, "completion": 30, "quality": 20, "rework": 10}


def oracle(rows, trades):
    """Scores of vendors, one by one: `rows` are (vendor, {part: value}), `trades` vendor -> trade."""
    values = {}
    for vendor, parts in rows:
        for part, value in parts.items():
            values.setdefault((vendor, part), []).append(value)
    found = {}
    for vendor in sorted({vendor for vendor, _ in rows}):
        own = {part: values.get((vendor, part), []) for part in WEIGHTS}
        priors = {part: _prior_of(vendor, part, values, trades) for part in WEIGHTS}
        score, estimates = _whole(own, priors)
        variance = sum(WEIGHTS[part] ** 2 * _variance(part, own[part], *each) for part, each in estimates.items())
        half = NormalDist().inv_cdf(0.95) * variance**0.5 / sum(WEIGHTS[part] for part in estimates)
        found[vendor] = tuple(100 * min(max(each, 0), 1) for each in (score, score - half, score + half))
    return found


def _prior_of(vendor, part, values, trades):
    """(mean, worth in jobs, scatter of a job) by the peers of the trade, else by all; None where they say nothing."""
    others = {name: each for (name, of), each in values.items() if of == part and name != vendor}
    same = {name: each for name, each in others.items() if trades[name] == trades[vendor]}
    for groups in (same, others):
        found = _prior(groups)
        if found:
            return *found, _scatter({**groups, None: values.get((vendor, part), [])})
    return None


def _whole(own, priors):
    """The score, and of every part that counts (mean drawn to, worth, scatter); found by trying until it stays."""
    result = [part for part in own if own[part] or priors[part]]
    middle = 0 if any(priors.values()) else 2 * min(WEIGHTS[part] * 2 / (2 + len(own[part])) for part in own)
    known = sum(WEIGHTS[part] for part in result)
    score = 0.5
    for _ in range(2_000):
        drawn = {part: priors[part] or (score, 2.0, 1 / 12) for part in result}
        score = (middle * 0.5 + known * _weighted(own, drawn)) / (middle + known)
    for part in result:
        if middle:  # every estimate moves towards the middle by as much as the whole does
            count, total = len(own[part]), sum(own[part])
            moved = (middle * 0.5 + known * (2 * score + total) / (2 + count)) / (middle + known)
            drawn[part] = ((moved * (2 + count) - total) / 2, 2.0, 1 / 12)
    return score, drawn


def _weighted(own, drawn):
    estimates = {
        part: (worth * mean + sum(own[part])) / (worth + len(own[part])) for part, (mean, worth, _) in drawn.items()
    }
    return sum(WEIGHTS[part] * each for part, each in estimates.items()) / sum(WEIGHTS[part] for part in estimates)


def _variance(part, own, mean, worth, scatter):
    if part in {"sla", "rework"}:
        a, b = worth * mean + sum(own), worth * (1 - mean) + len(own) - sum(own)
        return beta.var(a, b) if min(a, b) > 0 else 0.0
    return scatter / (worth + len(own))


def _prior(groups):
    """Mean and worth in jobs of what groups say, by a one-way analysis of variance; None if too few."""
    jobs_of_all = [value for values in groups.values() for value in values]
    if len(groups) < 3 or len(jobs_of_all) <= len(groups):
        return None
    mean = sum(jobs_of_all) / len(jobs_of_all)
    within = sum((value - sum(values) / len(values)) ** 2 for values in groups.values() for value in values)
    scatter = max(within / (len(jobs_of_all) - len(groups)), 1e-4)
    between = sum(len(values) * (sum(values) / len(values) - mean) ** 2 for values in groups.values())
    size = (len(jobs_of_all) - sum(len(values) ** 2 for values in groups.values()) / len(jobs_of_all)) / (
        len(groups) - 1
    )
    spread = (between / (len(groups) - 1) - scatter) / size
    most = min(10.0, 3.0 * len(groups))
    worth = min(max(scatter / spread, 1.0), most) if spread > 0 else most
    return (sum(jobs_of_all) + 0.5) / (len(jobs_of_all) + 1), worth


def _scatter(groups):
    """The variance of a job around the mean of its vendor."""
    result = [values for values in groups.values() if values]
    count = sum(len(values) for values in result)
    within = sum((value - sum(values) / len(values)) ** 2 for values in result for value in values)
    return max(within / (count - len(result)), 1e-4)
