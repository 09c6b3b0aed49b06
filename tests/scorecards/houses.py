"""A house of tests: a lake with the figures of two clients, a database, a key, and a clock that only tests move."""

from datetime import timedelta

from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.scorecards.signing.build_io import build
from opsguard_assets.scorecards.signing.house_io import House
from opsguard_assets.scorecards.signing.keys_io import new_key
from resources.lake import Lake
from tests.scorecards.cards import AS_OF, MONTH
from tests.scorecards.makers import SmallMaker


class Clock:
    """A clock that tests move."""

    def __init__(self):
        self.at = AS_OF

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


def house_of(database, folder, **settings):
    """Of the tickets of one client half were in time, of those of the other one all."""
    lake = Lake(str(folder))
    maker = SmallMaker(lake)
    maker.write(C1=[True, False], C2=[True, True, True])
    return House(lake, database, Scorecards(**settings), maker, new_key(), Clock())


def built(house, **more):
    """Builds the month."""
    return build(house, MONTH, as_of=AS_OF, by="job", **more)
