"""People of the simulated provider answer the shifts that they are offered; nobody answers for real people.

Here: which offers have reached whom, and recording the answers that are due. Not here: what they answer and when
(`simulator.answering`), what an answer changes (`offering`).

Nothing is kept of an answer before its moment: it follows from the world, the offer and when its message arrived.
"""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.intake.readers.simulated import answers_of, only_provider
from opsguard_assets.remediation.actions.offering import answer
from opsguard_assets.simulator.answering import Offered
from resources.database import Database
from resources.sql import statement

_SURFACE = "simulated"


def answer_offers(database: Database, settings: Settings, now: datetime) -> int:
    """Records the answers whose moment has come, the earliest first; how many counted.

    Args:
        database: Where offers are.
        settings: Where people come from.
        now: The time of the clock (UTC).

    Raises:
        SourceError: When the settings are not settings of the simulator.
    """
    travel = timedelta(minutes=settings.shifts.substitute_travel_minutes)
    given = [
        answer(
            database,
            row["offer_id"],
            row["answer"],
            person_id=row["person_id"],
            at=row["at"],
            surface=_SURFACE,
            travel=travel,
        )
        for row in _answers(database, settings)
        if row["at"] <= now
    ]
    return sum(each.is_new for each in given)


def next_answer_at(database: Database, settings: Settings) -> datetime | None:
    """When somebody answers next; None where nobody is asked, or people are real."""
    return min((row["at"] for row in _answers(database, settings)), default=None)


def _answers(database: Database, settings: Settings) -> list[dict[str, Any]]:
    """What people answer to the open offers, the earliest first; nothing is computed where nobody is asked."""
    source = only_provider(settings.sources)
    if source is None:
        return []
    with database.begin() as connection:
        asked = connection.execute(statement(__name__, "offers/reached")).all()
    if not asked:
        return []
    schema = {name: column.dtype for name, column in Offered.columns().items()}
    offers = Offered.cast(pl.DataFrame([tuple(row) for row in asked], schema=schema, orient="row"))
    return answers_of(source, offers).to_dicts()
