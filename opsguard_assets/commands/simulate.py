"""`opsguard simulate`: writes the records of a simulated provider as files. Not here: the simulator."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from opsguard_assets.commands.moments import instant_in
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import JsonOption, print_json, print_rows

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the records; created if missing.")],
    begins: Annotated[str, typer.Option("--from", help="First day (UTC), such as 2026-01-01.")],
    until: Annotated[str, typer.Option(help="Last instant, such as 2026-02-01 or 2026-02-01T12:00:00+00:00.")],
    tickets_per_day: Annotated[float | None, typer.Option(help="Mean tickets a day.")] = None,
    sites: Annotated[int | None, typer.Option(help="How many sites.")] = None,
    seed: Annotated[int | None, typer.Option(help="Chooses the world.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the records of a simulated provider for a period, and next to them the ground truth.

    Equal options give equal records. A later `--until` in the same folder adds the records since.

    Example: `opsguard simulate --out world --from 2026-01-01 --until 2026-02-01 --sites 10 --tickets-per-day 60`.
    """
    from opsguard_assets.simulator.settings import SimulationSettings  # noqa: PLC0415 - `--help` answers at once
    from opsguard_assets.simulator.twin import TABLES, TRUTH, write_records  # noqa: PLC0415

    chosen = {"tickets_per_day": tickets_per_day, "sites": sites, "seed": seed}
    given = {name: value for name, value in chosen.items() if value is not None}
    end = instant_in(until, "--until", "UTC")
    try:
        settings = SimulationSettings.model_validate({"starts_at": instant_in(begins, "--from", "UTC"), **given})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}") from None
    out.mkdir(parents=True, exist_ok=True)
    with bars() as shown:
        written = write_records(settings, out, until=end, progress=shown.begin("simulated provider"))
    tables = {name: str(out / name) for name in TABLES if (out / name).exists()}
    _show(written, end, tables, out / TRUTH, as_json=as_json)


def _show(written: int, end: datetime, tables: dict[str, str], truth: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"written": written, "until": end, "tables": tables, "truth": str(truth)})
        return
    rows: list[dict[str, Any]] = [{"table": name, "folder": folder} for name, folder in tables.items()]
    print_rows(f"{written:,} records known by {end:%Y-%m-%d %H:%M} UTC", rows)
    typer.echo(f"\nThe ground truth, which no source may read: {truth}")
