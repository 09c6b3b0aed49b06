"""What is to come: ends of service and of trials that are announced. Not here: movements, when they do."""

from datetime import date

import polars as pl

from opsguard_assets.config.plans import Plans


def announced(plans: Plans, on: date) -> pl.DataFrame:
    """(`client_id`, `what`, `ends_on`) of what ends on a day or later, the soonest first."""
    rows = [(name, "service", each.ends_on) for name, each in plans.clients.items()]
    rows += [
        (name, f"trial of {each.trial.plan}", each.trial.ends_on) for name, each in plans.clients.items() if each.trial
    ]
    coming = [(name, what, day) for name, what, day in rows if day is not None and day >= on]
    schema = {"client_id": pl.String, "what": pl.String, "ends_on": pl.Date}
    return pl.DataFrame(coming, schema=schema, orient="row").sort("ends_on", "client_id")
