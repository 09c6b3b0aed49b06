"""Which local days are holidays of a calendar, and what they are called.

Here: the entries of `calendars.holidays` spelled out into days. Not here: hours, weekdays, time zones.
"""

from datetime import date

import polars as pl

DAYS = {"calendar_id": pl.String(), "on": pl.Date(), "holiday": pl.String()}


def holiday_days(calendars: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """The holidays of every calendar from `first` to `last`, both included.

    An entry is a country (`DE`), a country and subdivision (`DE/BY`) of the `holidays` library, or a day
    (`2026-12-24`). The holidays of a calendar are those of all its rows together, whichever weekday they stand beside.
    Names are English, so that they do not depend on the locale of the machine.

    Args:
        calendars: The `calendars` table (`calendar_id`, `holidays`).
        first: First local day.
        last: Last local day.

    Returns:
        One row per (`calendar_id`, `on`) with the name in `holiday`; several holidays of one day are joined by "; ".

    Raises:
        ValueError: An entry is neither a known country or subdivision nor an ISO date.
    """
    listed = (
        calendars.select("calendar_id", pl.col("holidays").cast(pl.List(pl.String)).alias("entry"))
        .explode("entry", empty_as_null=True)
        .drop_nulls()
        .unique()
    )
    named = [
        {"entry": entry, "on": on, "holiday": name}
        for entry in listed["entry"].unique().sort()
        for on, name in _days_of(entry, listed, first, last).items()
    ]
    days = pl.DataFrame(named, schema={"entry": pl.String, "on": pl.Date, "holiday": pl.String})
    return (
        listed.join(days, on="entry")
        .sort("calendar_id", "on", "holiday")
        .group_by("calendar_id", "on", maintain_order=True)
        .agg(pl.col("holiday").unique(maintain_order=True).str.join("; "))
    )


def _days_of(entry: str, listed: pl.DataFrame, first: date, last: date) -> dict[date, str]:
    """The days of one entry; the loop over entries is over configuration (a handful), never over data."""
    try:
        return {date.fromisoformat(entry): entry}
    except ValueError:
        pass  # not a day, so it must be a country
    # Imported here because the library costs 0.3 s and calendars without countries do not need it.
    import holidays  # noqa: PLC0415

    country, _, subdivision = entry.partition("/")
    try:
        days = holidays.country_holidays(
            country.strip().upper(),
            subdiv=subdivision.strip().upper() or None,
            years=range(first.year, last.year + 1),
            language="en_US",
        )
    except NotImplementedError as error:
        used_by = listed.filter(pl.col("entry") == entry)["calendar_id"].sort().to_list()
        raise ValueError(
            f"calendars: holidays entry {entry!r} of calendar {', '.join(used_by)} is not known ({error}). "
            "Write a country such as 'DE', a country and subdivision such as 'DE/BY', or a day such as '2026-12-24'."
        ) from error
    return dict(days)


def known_holidays(entries: pl.Series) -> list[str]:
    """The entries of a list that `holiday_days` understands."""
    texts = entries.str.strip_chars().unique().drop_nulls()
    is_day = texts.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    days, places = texts.filter(is_day).to_list(), texts.filter(~is_day).to_list()
    return days + [place for place in places if _is_place(place)]


def _is_place(entry: str) -> bool:
    import holidays  # noqa: PLC0415 - as above

    country, _, subdivision = (part.strip().upper() for part in entry.partition("/"))
    try:
        holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        return False
    return True
