"""What is to come: ends of service and of trials that are announced. Not here: movements, when they do."""

from datetime import date

import dataframely as dy
import polars as pl

from opsguard_assets.config.plans import Plans
from opsguard_assets.finance.revenue.schemas import Announced
from opsguard_assets.tables.table import dtypes_of, rows_of


def announced(plans: Plans, on: date) -> dy.DataFrame[Announced]:
    """What ends on a day or later, the soonest first."""
    ends = [(name, "service", each.ends_on) for name, each in plans.clients.items()]
    ends += [
        (name, f"trial of {each.trial.plan}", each.trial.ends_on) for name, each in plans.clients.items() if each.trial
    ]
    coming = [(name, what, day) for name, what, day in ends if day is not None and day >= on]
    rows = pl.DataFrame(coming, schema=dtypes_of(Announced), orient="row")
    return rows_of(Announced, rows.sort("ends_on", "client_id"))
