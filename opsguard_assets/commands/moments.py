"""Timestamps, months and durations of options: what every command that takes one shares.

Here: the text of an option in, a typed value out. Not here: the parsers (`opsguard_assets.timestamps`).
"""

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import typer

from opsguard_assets.commands.session import environment_of
from opsguard_assets.config.load import load_settings_of
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.moment import not_after_now
from opsguard_assets.timestamps import duration_of, timestamp_of

AS_OF_HELP = "The moment, such as 2026-01-31T12:00Z; without an offset, by operations.timezone. Default: now."


def instant_in(text: str, option: str, zone: str, *, may_be_future: bool = True) -> datetime:
    """The timestamp or day of an option in UTC.

    Args:
        text: What was given. Without an offset it is read by the clocks of `zone`.
        option: How the option is written, for the message.
        zone: IANA time zone.
        may_be_future: Whether it may lie after now.

    Raises:
        BadParameter: When it is not a valid timestamp, or lies after now.
    """
    try:
        moment = timestamp_of(text, zone)
        return moment if may_be_future else not_after_now(moment)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}.") from None


def instant(text: str | None, option: str, config: Path | None, *, may_be_future: bool = False) -> datetime | None:
    """The same by the clocks of `operations.timezone`; None where the option was not given.

    Raises:
        BadParameter: When it is not a valid timestamp, or lies after now.
    """
    if text is None:
        return None
    zone = load_settings_of(environment_of(config), os.environ, misfits).operations.timezone
    return instant_in(text, option, zone, may_be_future=may_be_future)


def instant_or_now(text: str | None, option: str, config: Path | None) -> datetime:
    """The same, not after now; now where the option was not given.

    Raises:
        BadParameter: When it is not a valid timestamp, or lies after now.
    """
    return instant(text, option, config) or datetime.now(UTC).replace(microsecond=0)


def month_in(text: str) -> date:
    """The first day of the month of an option.

    Raises:
        BadParameter: When it is not a month.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise typer.BadParameter("write a month like 2026-10")
    return date.fromisoformat(f"{text}-01")


def duration(text: str | None, option: str) -> timedelta | None:
    """The duration of an option; None where it was not given.

    Raises:
        BadParameter: When it is not a valid duration.
    """
    if text is None:
        return None
    try:
        return duration_of(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}.") from None
