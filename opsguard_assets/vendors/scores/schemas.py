"""The scores of vendors, by day and by month: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them. Months are bitemporal, like canonical tables: the earlier
figures of a month stay readable when a late record corrects them.
"""

import dataframely as dy

from opsguard_assets.tables.derived import count, instant, text
from opsguard_assets.tables.table import Table


def _points(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, 0 to 100")


def _change(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, points")


class _Score(dy.Schema):
    """What every score says."""

    vendor_id = text("the contractor", nullable=False)
    name = text("name for people")
    trade = text("what they do; ranks are within a trade")
    jobs = dy.Int64(nullable=False, description="jobs that count")
    score = _points("the score; null where no part is known")
    low = _points("lower end of the 90 % interval")
    high = _points("upper end of the 90 % interval")
    grade = text("A from 90, B 80, C 70, D 60, F")
    rank = count("place within the trade; null with too few jobs")
    ranked = count("vendors of the trade that are ranked; null with too few jobs")
    sla_jobs = count("jobs that had a due time")
    sla_raw = _points("share of them done in time, as it is")
    sla_score = _points("the same, drawn towards the peers")
    sla_low = _points("its lower end")
    sla_high = _points("its upper end")
    completion_jobs = count("jobs with an estimate")
    completion_raw = _points("100 within the estimate, 0 at twice of it: the mean as it is")
    completion_score = _points("the same, drawn towards the peers")
    completion_low = _points("its lower end")
    completion_high = _points("its upper end")
    quality_jobs = count("jobs that were rated")
    quality_raw = _points("rating: the mean as it is")
    quality_score = _points("the same, drawn towards the peers")
    quality_low = _points("its lower end")
    quality_high = _points("its upper end")
    rework_jobs = count("jobs of which it is known whether they were repaired later")
    rework_raw = _points("share of them that needed no repair, as it is")
    rework_score = _points("the same, drawn towards the peers")
    rework_low = _points("its lower end")
    rework_high = _points("its upper end")


class VendorScores(_Score):
    """The score of a vendor over the last 90 days, at a moment."""

    sentiment = dy.Float64(nullable=True, description="mean tone of tickets at its sites soon after a job, -1 to 1")
    sentiment_tickets = count("tickets that tell; null without any")
    as_of = instant("the moment", nullable=False)
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


class VendorMonths(_Score):
    """The score of a vendor in a calendar month of the operations zone."""

    month = dy.Date(nullable=False, description="first day of the month")
    change = _change("against the month before; null where that had no score")
    sla_change = _change("what jobs in time added to the change")
    completion_change = _change("what time against estimate added")
    quality_change = _change("what ratings added")
    rework_change = _change("what rework added")
    drivers = text("what moved it, the greatest first")
    known_at = instant("when this was known", nullable=False)


class VendorRanking(dy.Schema):
    """The places of the vendors of a trade at a moment, with how they came there."""

    trade = text("the trade; null where nobody said")
    rank = dy.Int64(nullable=False, description="place, 1 the best; equal scores share a place")
    ranked = dy.Int64(nullable=False, description="vendors of the trade that are ranked")
    vendor_id = text("the contractor", nullable=False)
    name = text("name for people")
    score = _points("the score of the last 90 days")
    low = _points("lower end of the 90 % interval")
    high = _points("upper end of the 90 % interval")
    grade = text("A from 90, B 80, C 70, D 60, F")
    jobs = dy.Int64(nullable=False, description="jobs that count")
    change = _change("of the last whole month against the one before")
    drivers = text("what moved it")
    as_of = instant("the moment", nullable=False)
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


VENDOR_SCORES = Table(
    name="vendor_scores", room="vendors", schema=VendorScores, key=("vendor_id", "as_of"), happened_at="as_of"
)
VENDOR_MONTHS = Table(
    name="vendor_months", room="vendors", schema=VendorMonths, key=("vendor_id", "month"), happened_at="known_at"
)
VENDOR_RANKING = Table(
    name="vendor_ranking", room="vendors", schema=VendorRanking, key=("vendor_id", "as_of"), happened_at="as_of"
)
