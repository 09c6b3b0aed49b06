"""What the effects of settings share: a lake per subject, and stand-ins that note what they are asked.

Here: also the databases of the tests, for effects that need one. Not here: any effect.
"""

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from tempfile import mkdtemp
from typing import Any

import polars as pl

from resources.lake import Lake
from tests.databases import Databases

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Seen = Any
STORES: list[Databases] = []


class AskedError(Exception):
    """What something was asked to do, before it does it."""


def stop(*asked: object, **more: object) -> None:
    """Stands in for something that is not to be done: says what it was asked."""
    raise AskedError(asked, more)


def plain(found: pl.DataFrame) -> str:
    """A frame that can be compared and shown."""
    return found.write_json()


@cache
def lake_of(name: str) -> Lake:
    """The lake of a subject, one for all its effects."""
    return Lake(mkdtemp(prefix=f"effects of {name} "))


class Unlocked:
    """A database of which only locks are asked."""

    @contextmanager
    def lock(self, _name: str):
        yield


def asked_by(call: Callable[[], object]) -> str:
    """What `stop` was asked to do while something ran."""
    try:
        call()
    except AskedError as asked:
        return repr(asked.args)
    raise AssertionError("nothing was asked")


def as_text(seen: Seen) -> str:
    """Something that can be compared, and shown."""
    return json.dumps(seen, default=str, sort_keys=True)
