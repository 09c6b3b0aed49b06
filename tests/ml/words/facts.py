"""What tests of sentences share: random facts, rows made of them, and numbers as plain Python says them."""

import polars as pl
from hypothesis import strategies as st

a_few = st.integers(0, 5)


def maybe(strategy):
    """A value, or nothing known."""
    return st.one_of(st.none(), strategy)


def shrunk(part, whole, prior, towards):
    return (part + prior * towards) / (whole + prior)


def minutes_said(minutes):
    """A duration in words, rounded down."""
    whole = int(minutes)
    if whole >= 144_000:
        return "more than 100 d"
    days, hours, rest = whole // 1440, whole % 1440 // 60, whole % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def number_of(number, one, many=None):
    whole = rounded(number)
    return f"1 {one}" if whole == 1 else f"{whole} {many or one + 's'}"


def times_said(number):
    whole = rounded(number)
    return {1: "once", 2: "twice"}.get(whole, f"{whole} times")


def rounded(number, digits=0):
    """As Polars rounds."""
    value = pl.Series([float(number)]).round(digits)[0]
    return value + 0.0 if digits else int(value)


def percent_said(share, digits=0):
    return f"{rounded(share * 100, digits)} %"


def rows_of(features, rows):
    return pl.DataFrame([{name: row.get(name) for name in features} for row in rows],
                        schema=dict.fromkeys(features, pl.Float64))  # fmt: skip


def said_by(told, expected):
    """Fails where a feature is not covered by what is expected, or says anything else."""
    assert set(told.phrases) == set(expected[0])
    for name, series in told.phrases.items():
        assert series.to_list() == [row[name] for row in expected], name
