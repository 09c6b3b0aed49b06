"""Figures, money, dates and durations as text, for every form alike.

Here: the one function that rounds (`rounded`), and the one class that writes (`Speaker`). Not here: sentences.

A figure is rounded half up, as spreadsheets do, before the locale writes it; Babel alone would round half to even, and
page and book would differ. Numbers and money follow the reader's locale; words within them (months, units) follow the
reader's language, so that an English page for `de_CH` does not say "Okt.".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import (
    NumberPattern,
    format_currency,
    format_decimal,
    get_currency_precision,
    get_group_symbol,
    parse_pattern,
)
from babel.units import format_unit

from opsguard_assets.scorecards.card.card import Card, Language
from opsguard_assets.scorecards.forms.language import Words
from opsguard_assets.scorecards.kpis.kpi import Unit

DIGITS: Final[Mapping[Unit, int]] = {"percent": 1, "count": 0, "minutes": 1, "tone": 2}
MINUS: Final = "\N{MINUS SIGN}"
_MOST_DIGITS = 6  # a card keeps no more
_WITHOUT_SHARP_S = ("CH", "LI")
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_HOUR, _DAY = 60, 60 * 24
# Countries that print on US Letter (CLDR, supplementalData, paperSize); all others print on A4.
_LETTER: Final = frozenset(("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"))


def rounded(value: Decimal, places: int) -> Decimal:
    """A figure with so many digits after the point, half away from zero; negative places round before the point."""
    result = value.quantize(Decimal(1).scaleb(-places), context=_WIDE)
    return result or abs(result)


def digits(value: Decimal, unit: Unit, target: Decimal | None = None) -> int:
    """How many digits after the point a figure shows.

    As many as its unit has; one for counts that are no whole number; and as many more as it takes not to look like the
    target that it misses: 94.96 against 95 is not shown as 95.0.
    """
    places = 1 if unit == "count" and value != value.to_integral_value() else DIGITS[unit]
    if target is not None and value != target:
        while places < _MOST_DIGITS and rounded(value, places) == rounded(target, places):
            places += 1
    return places


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Writes for one reader.

    Attributes:
        words: Texts of their language.
        numbers: The locale of numbers and money.
        dates: The locale of months, dates and units: that of the language.
        zone: In which instants are said.
        currency: Of money.
    """

    words: Words
    numbers: Locale
    dates: Locale
    zone: ZoneInfo
    currency: str

    @property
    def prints_on_letter(self) -> bool:
        """Whether the reader's country prints on US Letter, not on A4."""
        return self.numbers.territory in _LETTER

    def say(self, text: str, /, **values: object) -> str:
        """A text of the catalogue (`Words.say`)."""
        return self.words.say(text, **values)

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """A text with a number (`Words.count`); the number is written as the locale does."""
        return self.words.count(one, many, number, **{"number": self.number(Decimal(number)), **values})

    def number(self, value: Decimal, places: int = 0) -> str:
        """A bare number."""
        return _number(self.numbers, value, places)

    def figure(self, value: Decimal, unit: Unit, target: Decimal | None = None) -> str:
        """A key figure in its unit, with as many digits as `digits` says."""
        places = digits(value, unit, target)
        text = self.number(value, places)
        if unit == "percent":
            return self._percent(text)
        return self._unit(rounded(value, places), "minute", text) if unit == "minutes" else text

    def share(self, part: Decimal) -> str:
        """A share from 0 to 1 as whole percent."""
        return self._percent(self.number(part * 100))

    def difference(self, after: Decimal, before: Decimal, unit: Unit) -> str:
        """A change with its sign, of percentages in points."""
        change = after - before
        places = digits(change, unit, Decimal(0))
        text = self.number(abs(change), places)
        sign = {1: "+", 0: "±", -1: MINUS}[(rounded(change, places) > 0) - (rounded(change, places) < 0)]
        if unit == "percent":
            return self.say("{change} points", change=f"{sign}{text}")
        return sign + (self._unit(abs(change), "minute", text) if unit == "minutes" else text)

    def interval(self, low: Decimal, high: Decimal, unit: Unit = "count") -> str:
        """From one figure to another one."""
        places = DIGITS[unit]
        ends = [self.number(end, places).replace("-", MINUS) for end in (low, high)]
        text = self.say("{low} to {high}", low=ends[0], high=ends[1])
        return self._percent(text) if unit == "percent" else text

    def money(self, amount: Decimal) -> str:
        """An amount to the smallest unit of the currency."""
        pattern = self.numbers.currency_formats["standard"].pattern
        return self._amount(rounded(amount, get_currency_precision(self.currency)), pattern, has_cents=True)

    def price(self, amount: Decimal) -> str:
        """An amount as sentences say it: without cents where there are none."""
        return self._rounded_money(amount, 0) if amount == amount.to_integral_value() else self.money(amount)

    def about(self, amount: Decimal) -> str:
        """An amount of an estimate: two significant digits, without cents."""
        return self._rounded_money(amount, min(0, 1 - amount.adjusted()) if amount else 0)

    def month(self, first: date) -> str:
        """Such as October 2026."""
        return _month(self.dates, first)

    def short_month(self, first: date) -> str:
        """Such as Oct."""
        return _short_month(self.dates, first)

    def day(self, day: date) -> str:
        """A date."""
        return format_date(day, "medium", locale=self.dates)

    def instant(self, at: datetime) -> str:
        """An instant in the reader's zone, with the zone."""
        local = at.astimezone(self.zone)
        offset = format_datetime(local, "ZZZZZ", locale="en", tzinfo=self.zone)
        return f"{self.clock(at)} (UTC{'+00:00' if offset == 'Z' else offset}, {self.zone.key})"

    def clock(self, at: datetime) -> str:
        """An instant in the reader's zone; the page says which one that is."""
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())}, {format_time(local, 'HH:mm', locale=self.dates, tzinfo=self.zone)}"

    def duration(self, minutes: Decimal) -> str:
        """Minutes, hours or days, in the largest unit of which there are two."""
        for size, unit in ((_DAY, "day"), (_HOUR, "hour")):
            if abs(minutes) >= 2 * size:
                return self._unit(*self._one_digit(minutes / size, unit))
        return self._unit(*self._one_digit(minutes, "minute"))

    def _rounded_money(self, amount: Decimal, places: int) -> str:
        pattern = re.sub(r"0\.0+", "0", self.numbers.currency_formats["standard"].pattern)
        return self._amount(rounded(amount, places), pattern, has_cents=False)

    def _amount(self, exact: Decimal, pattern: str, *, has_cents: bool) -> str:
        babel_groups = not _is_swiss(self.numbers)
        text = format_currency(
            exact, self.currency, pattern, self.numbers, currency_digits=has_cents, group_separator=babel_groups
        )
        # CLDR parts a code of letters from its number; Babel does not.
        apart = re.sub(r"(?<=[^\W\d_])(?=\d)", "\N{NO-BREAK SPACE}", text)
        return apart if babel_groups else _with_groups(apart)

    def _one_digit(self, value: Decimal, unit: str) -> tuple[Decimal, str, str]:
        exact = rounded(value, 1)
        return exact, unit, self.number(exact, 0 if exact == exact.to_integral_value() else 1)

    def _unit(self, value: Decimal, unit: str, text: str) -> str:
        """A number that is written already, with its unit in the form that the number asks for."""
        bare = format_unit(value, f"duration-{unit}", length="short", format="0", locale=self.dates)
        return re.sub(r"-?\d+", lambda _: text, bare, count=1)

    def _percent(self, text: str) -> str:
        return re.sub(r"[#,0.]+", lambda _: text, self.numbers.percent_formats[None].pattern, count=1)


def speaker(card: Card) -> Speaker:
    """The one who writes for the readers of a card (`speaker_of`)."""
    return speaker_of(card.language, card.locale, zone=card.timezone, currency=card.currency)


def speaker_of(language: Language, locale: str, *, zone: str, currency: str) -> Speaker:
    """The one who writes for readers of a language, a locale, a zone and a currency.

    Raises:
        ValueError: For a locale that nobody knows.
    """
    numbers = _locale(locale)
    return Speaker(
        words=Words(language, is_swiss=language == "de" and numbers.territory in _WITHOUT_SHARP_S),
        numbers=numbers,
        dates=_dates(language, numbers.language, numbers.territory),
        zone=ZoneInfo(zone),
        currency=currency,
    )


def month_name(language: Language, first: date) -> str:
    """Such as October 2026, where only the language is known."""
    return format_skeleton("yMMMM", first, locale=Locale.parse(language))


@cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"{name!r} is no locale that Unicode's CLDR knows; write one like de_CH") from error


@cache
def _dates(language: Language, written: str, territory: str | None) -> Locale:
    """The locale of the language and of the reader's country, where there is one."""
    for name in (f"{language}_{territory}", language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise ValueError(f"no locale for {language} beside {written}")


# The forms of a card say each figure several times, and cards share most of their numbers and all of their months.
@lru_cache(maxsize=10_000)
def _number(locale: Locale, value: Decimal, places: int) -> str:
    pattern, babel_groups = _pattern(locale, places), not _is_swiss(locale)
    text = format_decimal(rounded(value, places), pattern, locale, group_separator=babel_groups)
    return text if babel_groups else _with_groups(text)


@lru_cache(maxsize=1_000)
def _month(locale: Locale, first: date) -> str:
    return format_skeleton("yMMMM", first, locale=locale)


@lru_cache(maxsize=1_000)
def _short_month(locale: Locale, first: date) -> str:
    return format_date(first, "LLL", locale=locale)


@cache
def _is_swiss(locale: Locale) -> bool:
    """Whether groups are parted by apostrophes: Babel takes two of them for quotation marks and drops both."""
    return get_group_symbol(locale) == "'"


def _with_groups(text: str) -> str:
    return re.sub(
        r"\d+", lambda whole: f"{int(whole.group()):,}".replace(",", "\N{RIGHT SINGLE QUOTATION MARK}"), text, count=1
    )


@cache
def _pattern(locale: Locale, places: int) -> NumberPattern:
    """The locale's own grouping, with so many digits after the point."""
    whole = re.sub(r"\.[#0]+", "", locale.decimal_formats[None].pattern)
    return parse_pattern(whole.replace("0", f"0.{'0' * places}" if places else "0"))
