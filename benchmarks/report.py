"""What the measurements say: rows that are kept from run to run, and the page benchmarks/README.md.

Here: rows, keeping them, the page. Not here: measuring.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.timing import Measured

_PAGE = """# Measurements

Written by `make bench`, or by `python -m benchmarks --only q` for some rows. Ratios of medians, both sides measured in
turn in the same run on the same machine; seconds are those of that machine and mean nothing elsewhere. A ratio above
its aim fails nothing: it is a fact to work on. *CPU* is what the processes of both sides took of processors, without
those of servers. *Others* is how many of the processors other programs (and PostgreSQL, where a side has one) kept busy
meanwhile: the more, the less the seconds say. Rows without it were measured before it was kept; those of (f) to (i),
(o) and (p) while other work kept the cores busy.

| what | against | ratio | aim | seconds | against, seconds | CPU | peak memory | others | measured on |
|---|---|---|---|---|---|---|---|---|---|
{rows}

{notes}

Machine: {cores} cores, {memory:.0f} GiB, {system}; Python {python}, {packages}.
"""
_NOTES = """\
* **(a)** One tick: the risk of every open ticket, by stored clocks, with reasons in words. The floor scans the columns
  that a tick reads from the same files and does the bare arithmetic of rule and clocks, without checks and words.
* **(b)** The same tick on the same open tickets, with ten times as many ended ones in the lake.
* **(c)** A CSV export: received (raw copy, cursors, damaged rows separated), validated, recorded as versions, accounted
  for. dlt alone brings the file to a Delta table with its own CSV reader; Polars alone reads text and writes it.
* **(d)** From the scheduled time to the end of the run, both through the same daemon, queue and launcher, in turn.
* **(e)** A tick of findings becomes alerts: nine of ten met before and refreshed, the others raised, every one with its
  decision, in one transaction. The floor brings the same rows to the same server and keeps the newest state per key,
  without history, decisions, mutes and clearing. Memory is the client's.
* **(f)** One tick of a LightGBM model: clocks, the features of every open ticket from the set of recent tickets, the
  model, words. Half of these tickets are risky, as in no sane provider; 20,000 are explained by what their features
  add, which is half of the time. LightGBM alone gets the numbers ready-made. With ten times the history the ended
  tickets reach years back.
* **(g)** From moments of past tickets to clocks and features, as training and replay ask. The floor is one bare as-of
  join of Polars for each of their look-ups, on sides that are sorted already. Feast's retrieval from files joins a
  moment with the whole history of its key before it chooses, so it cannot be given all of them here: of 10,000 moments
  and five streams it took 77 s where all our features took 0.16 s, a 478th (`python -m benchmarks.retrieval`).
* **(h)** 72 hours of reports every five minutes, one in a thousand five hours late. Following the newest load: which
  hours it touched, all their reports with corrections resolved, every full hour of knowledge, compared with what is
  stored, appended, marked. The floor groups the newest hour's rows by device (count, ends, mean, least and greatest of
  three columns) and writes them to one file; it decides nothing. With ten times the history the same reports lie nine
  more times before.
* **(i)** The whole hour of (h) and then the health and the risk of every device, by the rule, with words for the worst;
  it resumes from the checkpoint of the tick before. The floor is that of (h) and a bare group-by of 72 hours' rollups.
  The contrast asks the reports of fifty devices one by one, as systems do that score in a loop.
* **(j)** Rosters with random rules (70 % weekly, 25 % daily, 5 % monthly by weekday) in four zones, over a change of
  the clock. The other side is what a manual of the library suggests: `rrulestr(...).between(...)` for each roster and
  `zoneinfo` for each shift; the shifts of both are compared and equal. Ours resolves leave, substitutes and holidays,
  too.
* **(k)** Unresolved rows of another system, ten per entity: read as of the moment, named, keyed, settled into a tenth
  as many alerts with a decision on each; their priorities with reasons computed and noted. The floor scans the same
  table, groups by kind, site and entity and upserts the result. Keep, an open-source hub for alerts, states 1,000
  alerts a minute on 16 cores; a million in half a minute on two is two thousand times that.
* **(m)** Messages that are due: claimed under a lease, looked at again, written with names, handed over, settled with
  their history and thread; one commit per mail, one per ten messages of Slack. The floors use the same client over one
  connection and keep nothing: Slack's posts a message written beforehand, the mailer writes a mail per reader from
  ready texts. The servers answer at once, as none on the internet does; in the second row Slack's takes 50 ms.
* **(n)** Unresolved alerts, twenty at each site, of which nobody was told: the priority of each with reasons and its
  history, one incident per site and cause, for each incident an owner, a chain, a decision on everybody who could be
  told, and the messages planned. The floor reads the same alerts, asks the same rule, joins a person per team and
  copies the result back: one row per alert. Then a storm within a second, from findings to its one message.
* **(o)** Executions that wait until somebody takes their alert, each about an alert of its own: looked at by one
  question, and put off. The floor runs the three statements of that alone. Where none is due, a tick asks a few pages
  of an index whether that is so.
* **(p)** Alerts start a playbook that collects diagnostics, tells the lead of a team, waits until the alert is taken,
  mutes its kind and resolves it: decided on, planned, done and recorded, in three ticks, for the messages are sent
  between them. The floor copies the rows of steps one by one, each with the move of its execution and a commit, and the
  rows of messages and histories at once; it reads, decides and plans nothing.
* **(q)** A card of fourteen key figures with 1,359 rows becomes HTML, PDF, Excel, JSON and CSV; each card has another
  name. The floor compiles the same pages from words and pictures that are ready, attachments included, and writes the
  same cells of rows to a bare workbook; it formats, draws and adds up nothing, and makes no page.
* **(r)** Those key figures that the lake holds (not those of alerts and predictions, which PostgreSQL and recorded
  scores hold), of tickets, orders, shifts, punches, tours, incidents and hours of devices: as known at a moment, in the
  months of each client's zone, with a row for each ticket, shift or device's day behind a figure, in order; the figures
  of every client and site with bands and intervals. The floor groups each table once by client, site and month of UTC,
  over the same files; it keeps no rows, and knows neither versions, nor zones, nor when a device was silent.
* **(s)** Signing: the snapshot opened again, the link appended to the chain in PostgreSQL, files made (small ones that
  are ready here, so that this is no benchmark of renderers), kept under their digests and flushed, one commit each and
  one for files. Verifying: the whole chain, the files, figures and files made once more of the pinned versions. The
  floors hash the same files and sign or check twice, as minisign does; they keep nothing and know no database.
* **(t)** Two years of one client's scorecards, by a role that may read this client alone; the floor is the owner's
  query with the client in its condition. Both read the same rows."""


# Ratios below it are told with one more digit.
_SMALL = 0.2


@dataclass(frozen=True)
class Row:
    """One comparison; its first three characters are its letter in brackets."""

    what: str
    against: str
    aim: str
    ours: Measured
    theirs: Measured

    def kept(self) -> "Kept":
        """What is kept of it."""
        return Kept(
            what=self.what,
            against=self.against,
            aim=self.aim,
            seconds=self.ours.median,
            against_seconds=self.theirs.median,
            cpu=self.ours.usual_cpu,
            against_cpu=self.theirs.usual_cpu,
            peak_bytes=self.ours.peak_bytes,
            others=self.ours.others,
            on=datetime.now(UTC).date().isoformat(),
        )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A comparison as it is kept: medians, and when and beside what they were measured."""

    what: str
    against: str
    aim: str
    seconds: float
    against_seconds: float
    cpu: float | None
    against_cpu: float | None
    peak_bytes: int
    others: float | None
    on: str

    @property
    def letter(self) -> str:
        """Of which group of comparisons it is."""
        return self.what[1]

    def markdown(self) -> str:
        """The comparison as a row of the table."""
        ratio = self.seconds / self.against_seconds
        cells = (
            self.what,
            self.against,
            f"**{ratio:.2f}×**" if ratio < _SMALL else f"**{ratio:.1f}×**",  # noqa: RUF001
            self.aim,
            _seconds(self.seconds),
            _seconds(self.against_seconds),
            f"{_seconds(self.cpu)} of {_seconds(self.against_cpu)}" if self.cpu and self.against_cpu else "",
            f"{self.peak_bytes / 2**30:.1f} GiB" if self.peak_bytes else "",
            "" if self.others is None else f"{self.others:.1f}",
            self.on,
        )
        return f"| {' | '.join(cells)} |"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= _SMALL / 10 else f"{seconds:.2g}"


def keep(rows: Sequence[Row], path: Path) -> list[Kept]:
    """Puts rows in the place of those of the same letters, and returns all that there are, by letter."""
    before = [Kept(**one) for one in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
    new = [row.kept() for row in rows]
    letters = {one.letter for one in new}
    every = sorted([*(one for one in before if one.letter not in letters), *new], key=lambda one: one.letter)
    path.write_text(json.dumps([asdict(one) for one in every], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return every


def page(rows: Sequence[Kept]) -> str:
    """The page as Markdown."""
    names = ("polars", "deltalake", "dlt", "duckdb", "dagster")
    return _PAGE.format(
        rows="\n".join(row.markdown() for row in rows),
        notes=_NOTES,
        cores=os.cpu_count(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=platform.system(),
        python=platform.python_version(),
        packages=", ".join(f"{name} {metadata.version(name)}" for name in names),
    )
