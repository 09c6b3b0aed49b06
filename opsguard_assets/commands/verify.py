"""`opsguard verify`: runs every capability on a simulated provider whose truth is known. Not here: the verifications.

It works in a temporary folder with a PostgreSQL of its own, reads no setting, and leaves nothing.
"""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsguard_assets.commands.session import JsonOption, console, print_json, print_rows
from opsguard_assets.verification.catalog import NAMES

if TYPE_CHECKING:
    from opsguard_assets.verification.result import Result

app = typer.Typer(rich_markup_mode=None, add_completion=False)
# A world of a minute is not worth a wait for the disk.
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@app.command()
def verify(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Only this one; repeat it for several. There are: {', '.join(NAMES)}.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results to this file, as CI servers read them.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run every capability on a simulated provider with planted truth, and check what it leads to.

    Takes a minute or two. Your data are neither read nor written. Exits with 1 when something is wrong.

    Example: `opsguard verify --only sla --only devices`.
    """
    strange = [name for name in only or () if name not in NAMES]
    if strange:
        raise typer.BadParameter(f"there is no {strange[0]}; there are {', '.join(NAMES)}", param_hint="--only")
    if junit is not None and not junit.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {junit.parent}", param_hint="--junit")
    start = time.perf_counter()
    results = _run(only or NAMES)
    seconds = time.perf_counter() - start
    from opsguard_assets.verification import report  # noqa: PLC0415 - `--help` answers at once

    if junit is not None:
        junit.write_bytes(report.junit(results, seconds))
    if as_json:
        print_json(report.document(results, seconds))
    else:
        _show(results, seconds)
    if not all(each.passed for each in results):
        raise typer.Exit(1)


def _run(names: Sequence[str]) -> "list[Result]":
    """Runs some verifications in a temporary world, and says how far it is."""
    _say("Loading …")
    from opsguard_assets.config.settings import Settings  # noqa: PLC0415
    from opsguard_assets.verification.catalog import verifications  # noqa: PLC0415
    from opsguard_assets.verification.run_io import run  # noqa: PLC0415
    from opsguard_assets.verification.world_io import prepare  # noqa: PLC0415

    every = verifications()
    wanted = [each for each in every if each.name in names]
    with _temporary() as (folder, server):
        _say("Building a simulated provider with planted truth …")
        prepared = prepare(folder, server, Settings(), [each.records() for each in every], _schedules)
        results = []
        for number, result in enumerate(run(prepared, wanted, lambda each: _say(f"{each.name}: {each.asks}")), 1):
            verdict = "passed" if result.passed else "FAILED"
            _say(f"  {verdict} in {result.seconds:.1f} s ({number} of {len(wanted)})")
            results.append(result)
        return results


@contextmanager
def _temporary() -> Iterator[tuple[Path, str]]:
    """A folder, and the address of a PostgreSQL; both are gone in the end, however it comes."""
    from resources.postgres import start_embedded, stop_embedded  # noqa: PLC0415

    root = Path(tempfile.mkdtemp(prefix="opsguard-verify-"))
    data = root / "postgres"
    try:
        server = start_embedded(data, settings=_QUICK)
        world = root / "world"
        world.mkdir()
        yield world, server
    finally:
        # A second Ctrl-C must not interrupt the cleaning that the first one started.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            stop_embedded(data)
            shutil.rmtree(root, ignore_errors=True)
        finally:
            signal.signal(signal.SIGINT, before)


def _schedules() -> Sequence[Any]:
    """The schedules of an installation that has records for every domain."""
    from opsguard_assets.build import build_defs  # noqa: PLC0415
    from opsguard_assets.verification.schedules import SETTINGS  # noqa: PLC0415

    return list(build_defs(settings=SETTINGS).schedules or ())


def _show(results: "Sequence[Result]", seconds: float) -> None:
    rows = [
        {"verification": each.name, "planted": each.planted, "found": each.found or "an error",
         "verdict": "passed" if each.passed else "FAILED", "seconds": round(each.seconds, 1)}
        for each in results
    ]  # fmt: skip
    print_rows("What was planted in a simulated provider, and what OpsGuard made of it", rows)
    for each in results:
        for wrong in each.wrong:
            typer.echo(f"\n{each.name}: {wrong.what}\n  where: {wrong.where}\n  next: {wrong.remedy}")
    failed = [each.name for each in results if not each.passed]
    if failed and len(results) > 1:
        typer.echo(f"\n`opsguard verify --only {failed[0]}` runs it alone. See docs/verify.md.")
    claims = sum(each.claims for each in results)
    verdict = f"{', '.join(failed)} failed" if failed else "all passed"
    number = "1 verification" if len(results) == 1 else f"{len(results)} verifications"
    typer.echo(f"\n{number}, {claims} claims, {seconds:.0f} s: {verdict}.")


def _say(words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
