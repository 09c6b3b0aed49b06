"""`python -m benchmarks`: builds the data, measures, keeps what was measured, writes benchmarks/README.md.

Here: the command, and how much of what each comparison takes. Not here: any measurement.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks.data import build_csv, build_lake
from benchmarks.report import Row, keep, page
from benchmarks.timing import measure

_MILLION = 1_000_000
_PAGE, _KEPT = (Path(__file__).parent / name for name in ("README.md", "measured.json"))
_LETTERS = "abcdefghijkmnopqrst"


def main(
    *,
    scale: Annotated[float, typer.Option(help="Share of the full size; 0.01 is a quick try.")] = 1.0,
    only: Annotated[str, typer.Option(help=f"Which comparisons: letters of {_LETTERS}.")] = _LETTERS,
    devices: Annotated[int, typer.Option(help="How many devices h and i have; 1,000 is a quick try.")] = 100_000,
    work: Annotated[Path | None, typer.Option(help="Folder for the data, kept; a temporary one without it.")] = None,
    always_kept: Annotated[
        bool, typer.Option("--keep", help="Keep rows of another size, too; they say which.")
    ] = False,
) -> None:
    """Measure ratios against floors and peers: twenty minutes, half of them waiting for schedules."""
    with tempfile.TemporaryDirectory() as temporary, Progress(console=Console(stderr=True)) as progress:
        folder = work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        comparisons = {
            "ab": lambda: _ticks(folder, scale, progress),
            "c": lambda: _loads(folder, scale, progress),
            "d": lambda: _scheduled(folder, progress),
            "e": lambda: _findings(folder, scale, progress),
            "f": lambda: _learned(folder, scale, progress),
            "g": lambda: _features(folder, scale, progress),
            "h": lambda: _telemetry(folder, devices, progress),
            "i": lambda: _hourly_ticks(folder, devices, progress),
            "j": lambda: _calendars(scale, progress),
            "k": lambda: _external(folder, scale, progress),
            "m": lambda: _messages(folder, scale, progress),
            "n": lambda: _told(folder, scale, progress),
            "o": lambda: _waits(folder, scale, progress),
            "p": lambda: _executions(folder, scale, progress),
            "q": lambda: _scorecards(scale, progress),
            "r": lambda: _key_figures(folder, scale, progress),
            "s": lambda: _signed(folder, scale, progress),
            "t": lambda: _views(folder, scale, progress),
        }
        rows = [row for letters, run in comparisons.items() if set(letters) & set(only) for row in run()]
    is_kept = always_kept or (scale == 1.0 and devices == 100_000)
    text = page(keep(rows, _KEPT) if is_kept else [row.kept() for row in rows])
    if is_kept:
        _PAGE.write_text(text, encoding="utf-8")
    typer.echo(text)


def _ticks(folder: Path, scale: float, progress: Progress) -> list[Row]:
    open_tickets = int(_MILLION * scale)
    lakes = {1: folder / f"lake-{open_tickets}", 10: folder / f"lake-{open_tickets}-history"}
    for times, lake in lakes.items():
        total = open_tickets * (1 if times == 1 else times)
        built = progress.add_task(f"building {total:,} tickets", total=total)
        build_lake(
            lake,
            open_tickets=open_tickets,
            ended_tickets=total - open_tickets if times > 1 else open_tickets // 10,
            advance=_advance(progress, built),
        )
    sides = {
        "tick floor": {"lake": str(lakes[10])},
        "tick": {"lake": str(lakes[1])},
        "tick, ten times the history": {"lake": str(lakes[10])},
    }
    found = measure(sides, rounds=4, repeats=3, done=_done(progress, "ticks", 12))
    ours, floor = found["tick, ten times the history"], found["tick floor"]
    size = f"{open_tickets:,} open of {open_tickets * 10:,} tickets"
    return [
        Row(f"(a) a tick over {size}", "a bare scan and the arithmetic", "3×, under 4 GiB", ours, floor),  # noqa: RUF001
        Row("(b) the same tick, ten times the history", "the tick with one tenth of it", "1.2×", ours, found["tick"]),  # noqa: RUF001
    ]


def _loads(folder: Path, scale: float, progress: Progress) -> list[Row]:
    count = int(_MILLION * scale)
    csv = folder / f"export-{count}" / "tickets.csv"
    csv.parent.mkdir(exist_ok=True)
    build_csv(csv, rows=count)
    names = ("load", "load with dlt alone", "load with Polars alone")
    sides = {name: {"csv": str(csv), "work": str(folder / "loading")} for name in names}
    found = measure(sides, rounds=3, repeats=1, done=_done(progress, "loads", 9))
    ours = found["load"]
    return [
        Row(f"(c) loading {count:,} rows", "dlt alone", "none", ours, found["load with dlt alone"]),
        Row(
            f"(c) loading {count:,} rows", "a bare Polars read and write", "none", ours, found["load with Polars alone"]
        ),
    ]


def _scheduled(folder: Path, progress: Progress) -> list[Row]:
    from benchmarks.scheduled import measure_scheduled

    runs = 4
    tick, bare = measure_scheduled(folder, runs=runs, done=_done(progress, "scheduled runs", 2 * runs + 2))
    return [Row("(d) a scheduled tick, from due to done", "a job with one empty asset", "1.3×", tick, bare)]  # noqa: RUF001


def _findings(folder: Path, scale: float, progress: Progress) -> list[Row]:
    count = int(_MILLION * scale / 10)
    names = ("findings settled", "findings upserted")
    sides = {name: {"postgres": str(folder / "postgres"), "findings": count} for name in names}
    found = measure(sides, rounds=3, repeats=1, done=_done(progress, "findings", 6))
    what = f"(e) settling {count:,} findings, nine of ten known"
    return [Row(what, "a bare COPY and upsert", "3×", found["findings settled"], found["findings upserted"])]  # noqa: RUF001


def _messages(folder: Path, scale: float, progress: Progress) -> list[Row]:
    count, rows = int(_MILLION * scale / 1000), []
    for channel, words, milliseconds in (("slack", "Slack", 0), ("slack", "Slack", 50), ("mail", "mail", 0)):
        given = {"channel": channel, "messages": count // (5 if milliseconds else 1), "milliseconds": milliseconds}
        sides = {
            "messages sent": {**given, "postgres": str(folder / "postgres")},
            "messages by the bare client": given,
        }
        found = measure(sides, rounds=3, repeats=1, done=_done(progress, f"messages by {words}", 6))
        what = f"(m) sending {given['messages']:,} messages by {words}"
        what += f" that answers after {milliseconds} ms" if milliseconds else ""
        rows.append(Row(what, "the bare client", "1.5×", *(found[name] for name in sides)))  # noqa: RUF001
    return rows


def _told(folder: Path, scale: float, progress: Progress) -> list[Row]:
    count, few = int(_MILLION * scale / 10), int(_MILLION * scale / 1000)
    given = {"postgres": str(folder / "postgres")}
    sides: dict[str, dict[str, object]] = {
        name: {**given, "alerts": count} for name in ("alerts told", "alerts judged and joined", "alerts written")
    }
    sides["a storm told"] = {**given, "alerts": few}
    found = measure(sides, rounds=3, repeats=1, done=_done(progress, "alerts told", 12))
    ours, floor, keys, storm = (found[name] for name in sides)
    what = f"(n) {count:,} alerts triaged, grouped and routed"
    return [
        Row(what, "the bare rule and a join", "3×", ours, floor),  # noqa: RUF001
        Row("(n) the rows of that, written alone with their keys", "the same floor", "none", keys, floor),
        Row(f"(n) {few:,} alerts of one cause to one message", "the same floor", "none", storm, floor),
    ]


def _waits(folder: Path, scale: float, progress: Progress) -> list[Row]:
    waiting = int(_MILLION * scale / 100)
    names = ("executions looked at", "executions that wait", "executions looked at, bare")
    sides = {name: {"postgres": str(folder / "postgres"), "waiting": waiting} for name in names}
    found = measure(sides, rounds=3, repeats=3, done=_done(progress, "executions that wait", 9))
    ours, idle, bare = (found[name] for name in names)
    what = f"(o) a tick over {waiting:,} executions that wait and are all due"
    return [
        Row(what, "the bare query", "1.5×", ours, bare),  # noqa: RUF001
        Row("(o) the same where none is due", "the same query", "none", idle, bare),
    ]


def _executions(folder: Path, scale: float, progress: Progress) -> list[Row]:
    count = int(_MILLION * scale / 1000)
    names = ("executions ended", "steps written")
    sides = {name: {"postgres": str(folder / "postgres"), "executions": count} for name in names}
    found = measure(sides, rounds=2, repeats=1, done=_done(progress, "executions", 4))
    what = f"(p) {count:,} executions of five steps, from alerts to their ends"
    return [Row(what, "their rows by the bare driver, a commit per step", "none", *(found[name] for name in names))]


def _scorecards(scale: float, progress: Progress) -> list[Row]:
    count = max(int(_MILLION * scale / 5000), 1)
    names = ("scorecards rendered", "scorecards by the renderers alone")
    sides = {name: {"cards": count} for name in names}
    found = measure(sides, rounds=1, repeats=1, done=_done(progress, "scorecards", 2))
    what = f"(q) {count:,} scorecards in all five forms"
    return [Row(what, "typst and xlsxwriter alone, with all words ready", "1.5×", *(found[name] for name in names))]  # noqa: RUF001


def _key_figures(folder: Path, scale: float, progress: Progress) -> list[Row]:
    from benchmarks.kpis import build, names

    clients = max(int(_MILLION * scale / 5000), 1)
    lake = folder / f"lake-key-figures-{clients}"
    build(lake, clients)
    parts = {
        "key figures of devices": "the uptime of devices",
        "key figures of shifts": "shifts, punches and tours",
        "key figures of tickets": "tickets",
        "key figures summed up": "sums over rows that are there",
    }
    sides = {name: {"lake": str(lake)} for name in ("key figures", "key figures, bare", *parts)}
    found = measure(sides, rounds=2, repeats=1, done=_done(progress, "key figures", 2 * len(sides)))
    ours, floor = found["key figures"], found["key figures, bare"]
    what = f"(r) {len(names())} key figures of {clients:,} clients, 12 months, with their rows"
    return [
        Row(what, "bare group-bys of DuckDB", "3×", ours, floor),  # noqa: RUF001
        *(Row(f"(r) of that {words}", "the same floor", "none", found[name], floor) for name, words in parts.items()),
    ]


def _signed(folder: Path, scale: float, progress: Progress) -> list[Row]:
    cards, postgres = max(int(_MILLION * scale / 5000), 1), str(folder / "postgres")
    sides: dict[str, dict[str, object]] = {
        "month signed": {"cards": cards, "postgres": postgres},
        "month hashed": {"cards": cards},
        "month verified": {"cards": cards, "postgres": postgres},
        "month checked": {"cards": cards},
    }
    found = measure(sides, rounds=2, repeats=1, done=_done(progress, "signed months", 8))
    signs, hashes, verifies, checks = (found[name] for name in sides)
    return [
        Row(f"(s) signing the {cards:,} scorecards of a month", "bare digests and Ed25519", "none", signs, hashes),
        Row(f"(s) verifying these {cards:,}", "bare reads, digests and Ed25519", "none", verifies, checks),
    ]


def _views(folder: Path, scale: float, progress: Progress) -> list[Row]:
    cards, reads = max(int(_MILLION * scale / 5000), 8), max(int(_MILLION * scale / 1000), 10)
    given = {"postgres": str(folder / "postgres"), "cards": cards, "reads": reads}
    sides = dict.fromkeys(("scorecards by view", "scorecards by table"), given)
    found = measure(sides, rounds=5, repeats=3, done=_done(progress, "scorecards read", 10))
    what = f"(t) one of {cards:,} clients read {reads:,} times through the views of finance"
    return [Row(what, "the bare query of the table", "2×", *(found[name] for name in sides))]  # noqa: RUF001


def _external(folder: Path, scale: float, progress: Progress) -> list[Row]:
    from benchmarks.external import build

    count = int(_MILLION * scale)
    lake = folder / f"lake-external-{count}"
    build(lake, count)
    names = ("external alerts settled", "external alerts, bare")
    sides = {name: {"postgres": str(folder / "postgres"), "lake": str(lake), "alerts": count} for name in names}
    found = measure(sides, rounds=2, repeats=1, done=_done(progress, "alerts of other systems", 4))
    what = f"(k) {count:,} alerts of other systems settled and triaged"
    return [Row(what, "a bare scan, group-by and upsert", "none", *(found[name] for name in names))]


def _learned(folder: Path, scale: float, progress: Progress) -> list[Row]:
    from benchmarks.served import keep_recent, learn

    learn(folder)
    open_tickets, sides = int(_MILLION * scale), {}
    for name, times in (("learned tick", 1), ("learned tick, ten times the history", 10)):
        lake, ended = folder / f"lake-{open_tickets}-{open_tickets * times}", open_tickets * times
        built = progress.add_task(f"building {open_tickets + ended:,} tickets", total=open_tickets + ended)
        build_lake(lake, open_tickets=open_tickets, ended_tickets=ended, advance=_advance(progress, built))
        keep_recent(folder, lake, open_tickets=open_tickets, ended_tickets=ended)
        sides[name] = {"folder": str(folder), "lake": str(lake)}
    sides["prediction alone"] = sides["learned tick"]
    found = measure(sides, rounds=2, repeats=2, done=_done(progress, "learned ticks", 6))
    ours, tenfold = found["learned tick"], found["learned tick, ten times the history"]
    what = f"(f) a tick of a learned model over {open_tickets:,} open tickets"
    return [
        Row(what, "LightGBM's prediction alone", "3×, under 4 GiB", ours, found["prediction alone"]),  # noqa: RUF001
        Row("(f) the same tick, ten times the history", "the tick with one tenth of it", "1.2×", tenfold, ours),  # noqa: RUF001
    ]


def _features(folder: Path, scale: float, progress: Progress) -> list[Row]:
    from benchmarks.served import small_lake

    small_lake(folder)
    count = int(_MILLION * scale)
    sides = {name: {"folder": str(folder), "moments": count} for name in ("features", "features, bare joins")}
    found = measure(sides, rounds=2, repeats=2, done=_done(progress, "features", 4))
    what = f"(g) features of {count:,} moments of past tickets"
    return [Row(what, "bare as-of joins", "3×", found["features"], found["features, bare joins"])]  # noqa: RUF001


def _telemetry(folder: Path, devices: int, progress: Progress) -> list[Row]:
    arguments, longer, reports = _reports(folder, devices, progress)
    sides = {"newest hour": arguments, "newest hour, ten times the history": longer, "newest hour, bare": arguments}
    found = measure(sides, rounds=3, repeats=2, done=_done(progress, "newest hours", 9))
    ours, tenfold = found["newest hour"], found["newest hour, ten times the history"]
    what = f"(h) the newest hour of {devices:,} devices rolled up, of {reports:,} reports"
    return [
        Row(what, "a bare scan, group-by and write", "3×, under 4 GiB", ours, found["newest hour, bare"]),  # noqa: RUF001
        Row("(h) the same hour, ten times the history", "the hour with one tenth of it", "1.2×", tenfold, ours),  # noqa: RUF001
    ]


def _hourly_ticks(folder: Path, devices: int, progress: Progress) -> list[Row]:
    from benchmarks.telemetry import QUERIES, carry

    arguments, longer, reports = _reports(folder, devices, progress)
    for lake in (arguments["lake"], longer["lake"]):
        carry(Path(str(lake)))
    once = {"hourly tick": arguments, "hourly tick, ten times the history": longer, "one query per device": arguments}
    sides = {**once, "hourly tick, bare": arguments}
    found = measure(sides, rounds=3, repeats=1, done=_done(progress, "hourly ticks", 12))
    ours, tenfold = found["hourly tick"], found["hourly tick, ten times the history"]
    what = f"(i) the hourly tick of {devices:,} devices, {reports:,} reports"
    asked = f"(i) {min(QUERIES, devices)} devices with one query each"
    return [
        Row(what, "bare scans and group-bys", "3×, under 4 GiB", ours, found["hourly tick, bare"]),  # noqa: RUF001
        Row("(i) the same tick, ten times the history", "the tick with one tenth of it", "1.2×", tenfold, ours),  # noqa: RUF001
        Row(asked, f"the tick of all {devices:,}", "none", found["one query per device"], ours),
    ]


def _calendars(scale: float, progress: Progress) -> list[Row]:
    from benchmarks.shifts import difference

    guards = int(50_000 * scale)
    sides = {name: {"guards": guards} for name in ("calendar", "calendar by loop")}
    found = measure(sides, rounds=3, repeats=1, done=_done(progress, "calendars", 6))
    apart = difference(guards)
    if apart:
        raise RuntimeError(f"{apart} shifts are not the same on both sides")
    what = f"(j) the calendar of {guards:,} guards, 14 days"
    against = "the library's expansion, roster by roster; the same shifts"
    return [Row(what, against, "0.05×", found["calendar"], found["calendar by loop"])]  # noqa: RUF001


def _reports(folder: Path, devices: int, progress: Progress) -> tuple[dict[str, object], dict[str, object], int]:
    """What the sides are asked on the lake of 72 hours and on that of ten times as many; how many reports it has."""
    from benchmarks.telemetry import HOURS, build, build_history

    reports = devices * 12 * HOURS
    built = progress.add_task(f"building {reports:,} reports", total=reports)
    lake = build(folder / f"telemetry-{devices}", devices=devices, advance=_advance(progress, built))
    longer = progress.add_task(f"building {reports * 10:,} reports", total=reports * 9)
    history = build_history(folder / f"telemetry-{devices}-history", lake, times=10, advance=_advance(progress, longer))
    return {"lake": str(lake), "devices": devices}, {"lake": str(history), "devices": devices}, reports


def _advance(progress: Progress, task: object) -> Callable[[int], None]:
    return lambda count: progress.advance(task, count)  # type: ignore[arg-type]


def _done(progress: Progress, words: str, total: int) -> Callable[[str], None]:
    task = progress.add_task(words, total=total)
    return lambda _name: progress.advance(task)


if __name__ == "__main__":
    typer.run(main)
