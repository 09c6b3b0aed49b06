"""Names of zones beside a time (`10:00 CET`): read where one meaning is sure, refused where not, never passed over.

Here: which names mean what. Not here: finding them in texts (`formats`, `instants`).

In this order: names of UTC; names that the zone of the column uses itself, if in force at that time (`CST` is China's
in Asia/Shanghai, and `02:30 CET` is the second 02:30 of an autumn night in Europe/Berlin); the names of the United
States, as mail has them (RFC 5322); names that only one offset has; names of the IANA database (`America/Chicago`).
"""

from zoneinfo import available_timezones

import polars as pl

UTC_NAMES = ("UTC", "GMT", "UT", "Z")
OFFSETS: dict[str, float] = {
    **dict.fromkeys(UTC_NAMES, 0.0),
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,  # RFC 5322
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "NST": -3.5,
    "NDT": -2.5,
    "ACST": 9.5,
    "ACDT": 10.5,
    "AEST": 10,
    "AEDT": 11,
    "AWST": 8,
    "NZST": 12,
    "NZDT": 13,
    "JST": 9,
    "KST": 9,
    "HKT": 8,
    "SAST": 2,
    "WIB": 7,
    "WITA": 8,
    "WIT": 9,
}
UNKNOWN = "the name of its time zone is not known, or several zones have it; export an offset such as +01:00 instead"
# Half a year on, a zone that has summer time calls itself by its other name.
_HALF_A_YEAR = pl.duration(days=182)


def to_utc(local: pl.Series, names: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Wall-clock times beside the name of a zone as instants.

    Args:
        local: Naive times; null where there is none.
        names: Names of zones, as written.
        zone: The zone of the column.

    Returns:
        UTC instants, null where the name gives none, and why, null where it does.
    """
    given = pl.DataFrame({"local": local, "name": names.str.to_uppercase()})
    first, second = (_in_zone("local", zone, fold) for fold in ("earliest", "latest"))
    own, other = first.dt.strftime("%Z"), _in_zone(pl.col("local") + _HALF_A_YEAR, zone, "earliest").dt.strftime("%Z")
    is_utc, name = pl.col("name").is_in(UTC_NAMES), pl.col("name")
    offset = name.replace_strict(list(OFFSETS), [int(3600 * h) for h in OFFSETS.values()], default=None)
    fixed = (pl.col("local") - pl.duration(seconds=offset)).dt.replace_time_zone("UTC")
    is_own = (name == own.str.to_uppercase()).fill_null(value=False)
    is_second = (name == second.dt.strftime("%Z").str.to_uppercase()).fill_null(value=False)
    is_other = (name == other.str.to_uppercase()).fill_null(value=False)
    found = given.select(
        at=pl.when(is_utc)
        .then(fixed)
        .when(is_own)
        .then(first.dt.convert_time_zone("UTC"))
        .when(is_second)
        .then(second.dt.convert_time_zone("UTC"))
        .when(~is_other)
        .then(fixed),
        out_of_force=~is_utc & ~is_own & ~is_second & is_other,
    )
    at = _of_the_database(found["at"], local, names)
    wrong = at.is_null() & local.is_not_null() & names.is_not_null()
    reason = pl.select(
        pl.when(wrong & found["out_of_force"])
        .then(pl.lit(f"the name of its time zone is not in force in {zone} at that time"))
        .when(wrong)
        .then(pl.lit(UNKNOWN))
    ).to_series()
    return at, reason


def _in_zone(local: str | pl.Expr, zone: str, fold: str) -> pl.Expr:
    times = pl.col(local) if isinstance(local, str) else local
    return times.dt.replace_time_zone(zone, ambiguous="latest" if fold == "latest" else "earliest", non_existent="null")


def _of_the_database(found: pl.Series, local: pl.Series, names: pl.Series) -> pl.Series:
    """The rest, by names of the IANA database; a loop over the distinct ones."""
    known = {name.lower(): name for name in available_timezones() if "/" in name}
    rest = names.filter(found.is_null() & local.is_not_null()).unique()
    for name in rest.to_list():
        zone = known.get((name or "").lower())
        if zone is not None:
            times = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            found = found.zip_with(~(names == name).fill_null(value=False), times.dt.convert_time_zone("UTC"))
    return found
