"""The moments of an entity's life at which it is scored: for training, evaluation and replay.

Here: moments out of lives, the same for every problem. Not here: features and labels of these moments.
"""

import math
import re
from datetime import timedelta

import polars as pl

_AFTER = re.compile(r"^\+(\d+)(h|m|d)$")
_EVERY = re.compile(r"^every:(\d+)(m|h)$")
_ELAPSED = re.compile(r"^elapsed:(0?\.\d+)$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class ProtocolError(ValueError):
    """There is no such way to choose moments; the message lists those that there are."""


def moments_of(lives: pl.DataFrame, protocol: str, *, key: str) -> pl.DataFrame:
    """The moments of a protocol.

    Args:
        lives: `key`, `begins_at`, `ends_at`, one row per entity; moments lie in [begins_at, ends_at).
        protocol: `opening`, `+24h` (this long after the beginning; m, h, d), `elapsed:0.5` (when this share of the time
            from the beginning to the deadline has passed, by the deadline as it was known at the beginning; needs a
            column `due_at`, and leaves out who has none), `every:15m` (every full quarter of an hour).
        key: The column that names the entity.

    Returns:
        `key`, `as_of`.

    Raises:
        ProtocolError: When the protocol is not known.
    """
    if protocol == "opening":
        return lives.select(key, as_of="begins_at")
    after, every, elapsed = (shape.match(protocol) for shape in (_AFTER, _EVERY, _ELAPSED))
    if after:
        delay = timedelta(**{_UNITS[after[2]]: int(after[1])})
        return _within(lives, pl.col("begins_at") + delay, key)
    if elapsed:
        window = (pl.col("due_at") - pl.col("begins_at")).dt.total_microseconds()
        passed = pl.duration(microseconds=(window * float(elapsed[1])).cast(pl.Int64))
        return _within(lives.filter(window > 0), pl.col("begins_at") + passed, key)
    if every:
        return ticks_of(lives, timedelta(**{_UNITS[every[2]]: int(every[1])}), key=key)
    raise ProtocolError(f"There is no protocol {protocol!r}; write opening, +24h, elapsed:0.5 or every:15m.")


def _within(lives: pl.DataFrame, moment: pl.Expr, key: str) -> pl.DataFrame:
    """One moment of every life that lasts so long."""
    return lives.with_columns(as_of=moment).filter(pl.col("as_of") < pl.col("ends_at")).select(key, "as_of")


def ticks_of(lives: pl.DataFrame, step: timedelta, *, key: str) -> pl.DataFrame:
    """Every full step of the clock within each life."""
    every = f"{int(step.total_seconds())}s"
    # Rounded up: a life that begins on a step is scored at it, one that ends on a step is not.
    first = pl.col("begins_at").dt.offset_by("-1us").dt.truncate(every) + step
    last = pl.col("ends_at").dt.offset_by("-1us").dt.truncate(every)
    ticks = pl.datetime_ranges(first, last, interval=every, closed="both")
    return lives.select(key, as_of=ticks).explode("as_of", empty_as_null=False).drop_nulls("as_of")


def sampled(lives: pl.DataFrame, *, key: str, per_entity: int, longest: timedelta, seed: int) -> pl.DataFrame:
    """The beginning of every life and some moments within it, chosen by a stable hash.

    Ages are drawn in the same way for every life, denser for young ones, and kept if the life lasts that long. So the
    number of moments of an entity depends on its age alone and not on its outcome. Weights that add up to one per
    entity would leak the outcome: entities that end early have fewer moments, and each of these would weigh more.

    Args:
        lives: `key`, `begins_at`, `ends_at`.
        key: The column that names the entity.
        per_entity: Ages drawn for each.
        longest: The greatest age that is drawn.
        seed: Chooses the ages.

    Returns:
        `key`, `as_of`, sorted by `as_of`.
    """
    drawn = lives.with_columns(_draw=pl.int_ranges(0, per_entity)).explode("_draw", empty_as_null=False)
    luck = pl.struct(key, "_draw").hash(seed).cast(pl.Float64) / 2.0**64
    hours = longest.total_seconds() / 3600
    age = pl.duration(microseconds=((luck * math.log1p(hours)).exp() - 1) * 3.6e9)
    inner = drawn.with_columns(as_of=pl.col("begins_at") + age).filter(pl.col("as_of") < pl.col("ends_at"))
    both = pl.concat([lives.select(key, as_of="begins_at"), inner.select(key, "as_of")])
    return both.unique().sort("as_of", key)
