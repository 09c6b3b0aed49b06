"""`opsguard pilot`: what a pilot showed, as page, PDF and workbook. Not here: its numbers (`finance.pilot`)."""

import os
import re
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now
from opsguard_assets.commands.session import ConfigOption, JsonOption, errors_as_json, opened, print_json, print_rows
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.finance.pilot import spoken
from opsguard_assets.finance.pilot.io import House, pilot_at
from opsguard_assets.finance.pilot.pilot import Pilot
from opsguard_assets.scorecards.kpis.registry import KPIS
from resources.revision import code_revision

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a day like 2026-10-05") from None


@app.command()
def pilot(
    client: Annotated[str, typer.Option("--client", help="The client.")],
    first: Annotated[date, typer.Option("--from", parser=_day, help="Its first day, such as 2026-10-05.")],
    last: Annotated[date, typer.Option("--to", parser=_day, help="Its last day.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; made where it is missing.")] = None,
    as_of: Annotated[str | None, typer.Option(help=AS_OF_HELP)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a pilot predicted, prevented, detected and was worth, against a base line as long before it.

    With --out it writes pilot-CLIENT-FIRST.html, .pdf and .xlsx. Days are the client's.
    Example: `opsguard pilot --client acme --from 2026-10-05 --to 2026-11-01 --out pilots`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with errors_as_json(as_json), opened(config) as session:
        place = session.installation
        house = House(place.lake, place.database, session.settings, ALERT_TYPES)
        found = pilot_at(house, client, (first, last), moment, _code())
    files = [] if out is None else _written(found, out)
    if as_json:
        print_json({**found.model_dump(mode="json"), "files": [str(file) for file in files]})
        return
    _shown(found)
    for file in files:
        typer.echo(str(file))


def _code() -> str:
    revision = code_revision(os.environ)
    return metadata.version("opsguard") + (f" ({revision[:12]})" if revision else "")


def _written(found: Pilot, out: Path) -> list[Path]:
    from opsguard_assets.finance.pilot.book import pilot_book  # noqa: PLC0415 - only who writes files pays for it
    from opsguard_assets.finance.pilot.page import pilot_page  # noqa: PLC0415
    from opsguard_assets.finance.pilot.paper import pilot_pdf  # noqa: PLC0415

    book = pilot_book(found, KPIS)
    contents = {"html": pilot_page(found, KPIS).encode(), "pdf": pilot_pdf(found, KPIS, book), "xlsx": book}
    folder = out.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    short = re.sub(r"[^A-Za-z0-9]+", "-", found.client_id).strip("-") or "client"
    files = [folder / f"pilot-{short}-{found.first}.{ending}" for ending in contents]
    for file, content in zip(files, contents.values(), strict=True):
        file.write_bytes(content)
    return files


def _shown(found: Pilot) -> None:
    by = spoken.speaker(found)
    lines = [spoken.title(found, by), spoken.headline(found, by), spoken.recommendation(found, by)]
    lines += [spoken.reason(each, found, by) for each in found.reasons]
    lines += [*spoken.notes(found, by), *(spoken.waits(each, by) for each in found.waiting)]
    for line in lines:
        typer.echo(line)
    pairs = [
        {
            "key figure": one.label,
            "base line": one.before,
            "pilot": one.during,
            "change": one.change,
            "95 %": one.interval,
        }
        for one in spoken.pairs(found, KPIS, by)
    ]
    print_rows("Before and during", pairs)
    for part in spoken.parts(found, by):
        rows = [
            {
                "what": r.label,
                "value": r.value,
                "95 %": r.interval,
                "of": r.basis,
                "how it is known": r.how,
                "worth": r.worth,
            }
            for r in part.rows
        ]
        print_rows(part.title, rows)
