"""Reviewing and signing a scorecard.

Here: both steps. Not here: who may (`rules`), the chain (`sign_month()` in the database), files (`house_io`).
"""

from datetime import date

from opsguard_assets.effects import io as effects_io
from opsguard_assets.incidents.messages_io import MESSAGE
from opsguard_assets.scorecards.signing import snapshots_io, store_io
from opsguard_assets.scorecards.signing.house_io import House, completed
from opsguard_assets.scorecards.signing.rules import Kept, why_not_reviewed, why_not_signed
from opsguard_assets.scorecards.signing.store_io import ScorecardError


def review(house: House, client_id: str, month: date, *, by: str, number: int | None = None) -> Kept:
    """Notes that somebody looked at the figures and agrees. Figures that change later lose the review.

    Raises:
        ScorecardError: When there is no such scorecard, it is signed already, or it has changed meanwhile.
    """
    one = store_io.newest(house.database, client_id, month, number)
    if (why := why_not_reviewed(one)) is not None:
        raise ScorecardError(f"{one.words} cannot be reviewed: {why}.")
    with house.database.begin() as connection:
        if not store_io.review(connection, one, at=house.now(), by=by):
            raise ScorecardError(f"{one.words} has changed meanwhile: look at it again.")
    return store_io.newest(house.database, client_id, month, one.number)


def sign(
    house: House,
    client_id: str,
    month: date,
    *,
    who: str,
    number: int | None = None,
    provisional: bool = False,
) -> Kept:
    """Signs a scorecard and makes its files. Repeated, it makes what is missing and signs nothing twice.

    Raises:
        ScorecardError: When it may not be signed.
        SnapshotError: When what it was made of cannot be read any more.
    """
    one = store_io.newest(house.database, client_id, month, number)
    if one.link is None:
        why = why_not_signed(one, who, house.settings, provisional=provisional)
        if why is not None:
            raise ScorecardError(f"{one.words} cannot be signed: {why}.")
        # Figures that nobody can make again are not signed.
        snapshots_io.open_again(house.lake, snapshots_io.read(house.database, one.snapshot_id))
        with house.database.begin() as connection:
            at = house.now()
            store_io.sign(connection, one, at=at, who=who, why=one.reason or "")
            # What it replaces is not sent any more.
            holding = {"kind": "scorecard", "client_id": client_id, "month": month.isoformat()}
            words = "a newer number of the scorecard is signed"
            unless = [{**holding, "number": one.number, "sealed": "signed"}]
            effects_io.supersede(connection, MESSAGE, holding, unless=unless, at=at, actor=who, words=words)
        one = store_io.newest(house.database, client_id, month, one.number)
    completed(house, one, "signed")
    return one
