"""`opsguard sync`: loads everything new from the sources, once. Not here: loading (`opsguard_assets.intake`)."""

from typing import Any

import typer

from opsguard_assets.commands.jobs import failed_checks, run_job
from opsguard_assets.commands.outcome import Loads, ledger_now, loads_since
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    Session,
    console,
    errors_as_json,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.domains import SYNC_JOB
from opsguard_assets.intake.assets import COLUMNS_CHECK, RAW
from opsguard_assets.metadata import check_words
from opsguard_assets.views.texts import visible

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_NOTHING_ACCEPTED = "Nothing was accepted; the failed checks below say why."
_REMEDY = (
    "They are in the lake under quarantine/, with their records. Correct the source or the mapping in "
    "opsguard.yaml (docs/sources.md), then run `opsguard sync` again."
)


@app.command()
def sync(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Load everything new from the sources, and update what depends on it.

    Rejected rows are in the lake under quarantine/, with rule, value, source and position. Exits with 1 when a check
    fails: a file that cannot be read, or more rejected rows than the source allows.
    """
    with errors_as_json(as_json), opened(config) as session:
        loads, failed = load(session)
    if as_json:
        print_json({"loads": loads.summary, "rejected": loads.rejected, "drift": loads.drift, "failed_checks": failed})
    else:
        show(loads, failed)
    if any(check["severity"] == "ERROR" for check in failed):
        raise typer.Exit(1)


def load(session: Session) -> tuple[Loads, list[dict[str, str]]]:
    """Runs the load with progress bars; returns its results and the failed checks."""
    lake = session.installation.lake
    before = ledger_now(lake)
    with bars() as shown:
        result = run_job(session, SYNC_JOB, progress=shown)
    loads = loads_since(lake, before)
    # The ledger reports changed columns already; the check of the raw records would repeat them.
    entries = {f"{RAW}/{source}" for source in loads.drifted}
    failed = [c for c in failed_checks(result) if c["check"] != COLUMNS_CHECK or c["asset"] not in entries]
    return loads, failed


def show(loads: Loads, failed: list[dict[str, str]]) -> None:
    """Prints the results of a load by source, and remedies for what was not accepted."""
    for title, rows in _by_source(loads.summary).items():
        print_rows(title, rows)
        typer.echo("")
    if loads.rows.is_empty():
        is_wrong = any(check["severity"] == "ERROR" for check in failed)
        typer.echo(_NOTHING_ACCEPTED if is_wrong else "Nothing new: no source has new records.")
    for sentence in loads.repaired:
        console.print(visible(sentence), markup=False, soft_wrap=True)
    if loads.rejected:
        shown = [{name: value for name, value in row.items() if name != "example"} for row in loads.rejected]
        print_rows("Rejected rows by rule", shown)
        typer.echo(_REMEDY)
    for change in loads.drift:
        console.print(visible(f"columns changed: {change}"), markup=False, soft_wrap=True)
    # One source may fill many tables; its failure is printed once.
    assets: dict[tuple[str, str], list[str]] = {}
    for check in failed:
        assets.setdefault((check["check"], check["found"]), []).append(check["asset"])
    for (name, found), failing in assets.items():
        words = visible(f"check failed: {', '.join(failing)} {name}: {found}")
        console.print(words, markup=False, style="red", soft_wrap=True)
        console.print(f"  {check_words(name)}", markup=False, soft_wrap=True)


def _by_source(summary: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """One table per source; sources with one table each, such as those of a simulator, share one."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for row in summary:
        tables.setdefault(row["source"], []).append(_as_row(row))
    single = {source: rows for source, rows in tables.items() if len(rows) == 1}
    if len(single) < 2:  # noqa: PLR2004 - one source needs no table of sources
        return {_title(source): rows for source, rows in tables.items()}
    together = [{"source": source, **row} for source, (row,) in single.items()]
    others = {_title(source): rows for source, rows in tables.items() if source not in single}
    return {_title("sources"): together, **others}


def _title(name: str) -> str:
    return f"{name}: received = new + known already + rejected"


def _as_row(row: dict[str, Any]) -> dict[str, Any]:
    counts = {"new": row["accepted"], "known_already": row["unchanged"], "rejected": row["rejected"]}
    share = {"rejected_share": row["rejected_share"]} if row["rejected"] else {}
    ended = {"withdrawn": row["withdrawn"]} if row["withdrawn"] else {}
    return {"table": row["table"], "received": row["received"], **counts, **share, **ended}
