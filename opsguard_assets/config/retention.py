"""Settings of retention: how long what is kept. Not here: deleting it (`opsguard_assets.housekeeping`)."""

from pydantic import Field

from opsguard_assets.config.base import Strict


class Retention(Strict):
    """What the daily housekeeping keeps.

    Attributes:
        lake_days: Old lake versions stay readable this long.
        raw_days: Raw records of loads that were accepted so long ago are deleted; those of other loads stay.
        decision_days: Decisions on findings older than this are deleted; alerts and their history stay.
        risk_days: Scores of ticks older than this are deleted; their outcomes are kept.
        run_days: Finished Dagster runs older than this are deleted.
    """

    lake_days: int = Field(default=30, ge=7)
    raw_days: int = Field(default=365, ge=7)
    decision_days: int = Field(default=90, ge=7)
    risk_days: int = Field(default=90, ge=7)
    run_days: int = Field(default=14, ge=1)
