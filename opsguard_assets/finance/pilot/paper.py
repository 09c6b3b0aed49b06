"""A pilot as PDF, by the template of scorecards, with its workbook attached. Not here: words (`spoken`)."""

from collections.abc import Mapping
from typing import Any

from opsguard_assets.finance.pilot import spoken
from opsguard_assets.finance.pilot.page import definitions
from opsguard_assets.finance.pilot.pilot import Pilot
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.paper_parts import column, part, table_of
from opsguard_assets.scorecards.forms.pdf import pages
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import NOTHING
from opsguard_assets.scorecards.kpis.kpi import Kpi

BOOK = "pilot.xlsx"


def pilot_pdf(pilot: Pilot, kpis: Mapping[str, Kpi], book: bytes) -> bytes:
    """The PDF.

    Args:
        pilot: What it says.
        kpis: The registry.
        book: The workbook, to be attached.

    Raises:
        opsguard_assets.scorecards.forms.pdf.PageError: When the template does not compile.
    """
    by = spoken.speaker(pilot)
    attached = {
        "name": BOOK,
        "mime_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "relationship": "data",
        "description": by.say("The numbers of the pilot as an Excel workbook"),
    }
    return pages(_said(pilot, kpis, by), [attached], {BOOK: book})


def _said(pilot: Pilot, kpis: Mapping[str, Kpi], by: Speaker) -> dict[str, Any]:
    client, title = plain(pilot.client_name), spoken.title(pilot, by)
    return {
        "title": f"{client}, {title}",
        "author": f"OpsGuard {pilot.code}",
        "client": client,
        "subtitle": title,
        "headline": spoken.headline(pilot, by),
        "language": pilot.language,
        "region": by.numbers.territory,
        "paper": "us-letter" if by.prints_on_letter else "a4",
        "date": [pilot.as_of.year, pilot.as_of.month, pilot.as_of.day],
        "facts": spoken.facts(pilot, by),
        "warnings": spoken.notes(pilot, by),
        "figures": by.say("At a glance"),
        "tiles": [_tile(row) for row in spoken.tiles(pilot, by)],
        "answers": [*_answers(pilot, by), _pairs(pilot, kpis, by)],
        "sections": [*_parts(pilot, by), _definitions(pilot, by)],
        "foot": {
            "line": f"{plain(pilot.client_name, 48)} · {title}",
            "page": by.say("page {page} of {pages}", page="{page}", pages="{pages}"),
            "hashes": [f"{by.say('Made as of')} {by.instant(pilot.as_of)} · OpsGuard {plain(pilot.code)}"],
        },
    }


def _tile(row: spoken.Row) -> dict[str, Any]:
    lines = [" · ".join(each for each in (row.interval, row.basis) if each != NOTHING), row.how]
    return {
        "label": row.label, "value": row.value, "is_figure": row.number.value is not None, "band": None,
        "band_words": None, "spark": None, "alt": row.label, "lines": [line for line in lines if line],
    }  # fmt: skip


def _answers(pilot: Pilot, by: Speaker) -> list[dict[str, Any]]:
    reasons = [spoken.reason(each, pilot, by) for each in pilot.reasons]
    waiting = [spoken.waits(each, by) for each in pilot.waiting]
    missing = waiting or [by.say("Nothing is missing.")]
    return [
        part(by.say("Which plan follows"), lead=spoken.recommendation(pilot, by), paragraphs=reasons),
        part(by.say("Not enough yet"), paragraphs=missing),
    ]


def _pairs(pilot: Pilot, kpis: Mapping[str, Kpi], by: Speaker) -> dict[str, Any]:
    columns = [
        column(by.say("Key figure"), 1.3),
        column(by.say("Base line"), is_number=True),
        column(by.say("Pilot"), is_number=True),
        column(by.say("Change"), 1),
        column(by.say("Change, 95 %"), is_number=True),
        column(by.say("Of how many"), 1),
        column(by.say("Standing")),
    ]
    rows = [
        [one.label, one.before, one.during, one.change, one.interval, one.basis, one.band]
        for one in spoken.pairs(pilot, kpis, by)
    ]
    if not rows:
        return part(by.say("Before and during"), paragraphs=[by.say("No key figure has data in either.")])
    whole = part(by.say("Before and during"), table=table_of(columns, rows), notes=[by.say(spoken.CAVEAT)])
    # It begins on the first page, however long it is.
    return {**whole, "is_whole": False}


def _parts(pilot: Pilot, by: Speaker) -> list[dict[str, Any]]:
    columns = [
        column(by.say("What"), 1.4),
        column(by.say("Value"), is_number=True),
        column(by.say("95 %"), is_number=True),
        column(by.say("Of how many"), is_number=True),
        column(by.say("How it is known"), 1.2),
        column(by.say("Worth"), is_number=True),
    ]
    return [
        part(
            one.title,
            table=table_of(columns, ([r.label, r.value, r.interval, r.basis, r.how, r.worth] for r in one.rows)),
        )
        for one in spoken.parts(pilot, by)
        if one.rows
    ]


def _definitions(pilot: Pilot, by: Speaker) -> dict[str, Any]:
    columns = [column(by.say("What"), 0.8), column(by.say("Definition"), 2), column(by.say("Source"), 0.8)]
    note = by.say("All numbers are of the days of the pilot, unless they say that they are of the base line.")
    rows = ([label, text, source] for label, text, source in definitions(pilot, by))
    return part(by.say("Definitions"), table={**table_of(columns, rows), "is_small": True}, notes=[note])
