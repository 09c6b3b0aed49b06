"""A pilot as an Excel workbook: typed cells, formats, definitions, the same bytes for the same pilot.

Here: its sheets, in memory. Not here: words (`spoken`), cells (`scorecards.forms.book_cells`).
"""

import io
from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal

from opsguard_assets.finance.pilot import spoken
from opsguard_assets.finance.pilot.page import definitions
from opsguard_assets.finance.pilot.pilot import Pilot
from opsguard_assets.scorecards.forms import figures
from opsguard_assets.scorecards.forms.book_cells import OPTIONS, Column, Look, Sheet
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import NO_DATA
from opsguard_assets.scorecards.kpis.kpi import Kpi

_FORMATS = {"count": "#,##0.##", "hours": "#,##0.0", "score": "0.00", "times": "0.0"}


def pilot_book(pilot: Pilot, kpis: Mapping[str, Kpi]) -> bytes:
    """The workbook.

    Args:
        pilot: What it says.
        kpis: The registry.
    """
    import xlsxwriter  # noqa: PLC0415 - only who renders pays for it

    by = spoken.speaker(pilot)
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, OPTIONS) as workbook:
        title = f"{plain(pilot.client_name)}, {spoken.title(pilot, by)}"
        created = pilot.as_of.astimezone(UTC).replace(tzinfo=None)
        workbook.set_properties({"title": title, "author": f"OpsGuard {pilot.code}", "created": created})
        look = Look(workbook, by)
        _numbers(look, pilot, title)
        _pairs(look, pilot, kpis, title)
        _definitions(look, pilot, title)
    return written.getvalue()


def _head(sheet: Sheet, pilot: Pilot, by: Speaker) -> None:
    sheet.line(plain(pilot.client_name), bold=True, font_size=16)
    sheet.line(spoken.title(pilot, by), font_size=11, font_color="#566170")
    sheet.line(spoken.headline(pilot, by), bold=True, font_size=11)
    sheet.line(spoken.recommendation(pilot, by), bold=True, font_size=11)
    for reason in pilot.reasons:
        sheet.line(spoken.reason(reason, pilot, by))
    for waiting in pilot.waiting:
        sheet.line(spoken.waits(waiting, by))
    for note in spoken.notes(pilot, by):
        sheet.line(note, bold=True, font_color="#8a5a00")
    for fact in spoken.facts(pilot, by):
        sheet.line(fact, font_color="#566170")
    sheet.row += 1


def _numbers(look: Look, pilot: Pilot, foot: str) -> None:
    by = look.speaker
    columns = [
        Column(by.say("What"), 44), Column(by.say("Value"), 13, is_number=True), Column(by.say("Unit"), 10),
        Column(by.say("95 %, low"), 11, is_number=True), Column(by.say("95 %, high"), 11, is_number=True),
        Column(by.say("Part"), 9, is_number=True), Column(by.say("Of"), 9, is_number=True),
        Column(by.say("How it is known"), 34), Column(by.say("One is worth"), 13, is_number=True),
        Column(by.say("Worth"), 13, is_number=True), Column(by.say("Section"), 26), Column(by.say("From"), 12),
        Column(by.say("To"), 12), Column(by.say("Code"), 20),
    ]  # fmt: skip
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Pilot")), columns)
    _head(sheet, pilot, by)
    sheet.head()
    day = look.of(num_format="yyyy-mm-dd", align="left", indent=1)
    for part in spoken.parts(pilot, by):
        for row in part.rows:
            number, shown = row.number, _format(look, row.number.unit)
            sheet.text(0, row.label)
            if number.value is None:
                sheet.text(1, by.say(NO_DATA))
            else:
                sheet.number(1, number.value, shown)
            sheet.text(2, pilot.prices_in if number.code == "price" else _unit(number.unit, pilot, by))
            for place, end in ((3, number.low), (4, number.high)):
                sheet.number(place, end, shown)
            for place, whole in ((5, number.part), (6, number.n)):
                sheet.number(place, None if whole is None else Decimal(whole))
            sheet.text(7, row.how)
            sheet.number(8, number.unit_value, look.money)
            sheet.number(9, number.money or None, look.money)
            sheet.text(10, part.title)
            for place, date in ((11, pilot.first), (12, pilot.through)):
                sheet.sheet.write_datetime(sheet.row, place, date, day)
            sheet.text(13, number.code)
            sheet.end()
    sheet.close(printed=11, foot=foot)


def _format(look: Look, unit: str) -> object:
    if unit == "percent":
        return look.figure("percent")
    return look.of(num_format="#,##0.00") if unit == "money" else look.of(num_format=_FORMATS[unit])


def _unit(unit: str, pilot: Pilot, by: Speaker) -> str:
    names = {
        "percent": by.say("percent"), "count": by.say("number"), "hours": by.say("hours"), "money": pilot.currency,
        "score": by.say("of 5"), "times": by.say("times"),
    }  # fmt: skip
    return names[unit]


def _pairs(look: Look, pilot: Pilot, kpis: Mapping[str, Kpi], foot: str) -> None:
    by = look.speaker
    columns = [
        Column(by.say("Key figure"), 34), Column(by.say("Base line"), 12, is_number=True),
        Column(by.say("Pilot"), 12, is_number=True), Column(by.say("Change"), 22),
        Column(by.say("Change, 95 %, low"), 12, is_number=True),
        Column(by.say("Change, 95 %, high"), 12, is_number=True),
        Column(by.say("Base line, of"), 12, is_number=True), Column(by.say("Pilot, of"), 12, is_number=True),
        Column(by.say("Standing"), 13), Column(by.say("How it is computed"), 44), Column(by.say("Tables"), 30),
        Column(by.say("Code"), 22),
    ]  # fmt: skip
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Before and during")), columns)
    sheet.line(by.say(spoken.CAVEAT))
    sheet.line(by.say("Base line from {first}, as many days", first=by.day(pilot.before)))
    sheet.head()
    for pair in spoken.pairs(pilot, kpis, by):
        each = pair.compared
        kpi = kpis[each.during.kpi]
        sheet.text(0, pair.label)
        for place, measure in ((1, each.before), (2, each.during)):
            if measure.value is None:
                sheet.text(place, by.say(NO_DATA))
            else:
                sheet.number(place, measure.value, look.figure(kpi.unit, measure.value, measure.target))
        sheet.text(3, pair.change)
        sheet.number(4, each.low, look.figure(kpi.unit))
        sheet.number(5, each.high, look.figure(kpi.unit))
        sheet.number(6, each.before.denominator)
        sheet.number(7, each.during.denominator)
        sheet.text(8, figures.band(each.during, by), look.band(each.during))
        sheet.text(9, by.say(kpi.formula))
        sheet.text(10, ", ".join(kpi.feeds))
        sheet.text(11, kpi.name)
        sheet.end()
    sheet.close(printed=9, foot=foot)


def _definitions(look: Look, pilot: Pilot, foot: str) -> None:
    by = look.speaker
    columns = [Column(by.say("What"), 40), Column(by.say("Definition"), 80), Column(by.say("Source"), 40)]
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Definitions")), columns)
    sheet.head()
    for label, text, source in definitions(pilot, by):
        for place, words in enumerate((label, text, source)):
            sheet.text(place, words)
        sheet.end()
    sheet.close(foot=foot)
