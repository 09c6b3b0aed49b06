"""What a domain consists of: its assets, jobs, alerts, learned problems, ticks of the command line and tables.

Here: the shape of the record. Not here: any record (`<domain>/domain.py`), the list of them (`domains`) and what is
made of them (definitions in `build`, schedules in `cadences`, commands).

`opsguard --help` and `opsguard status` read the records, so a record is light to import: it names assets in words and
imports what speaks to Dagster only when it is asked for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.cadence import Cadence
from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.table import Table

if TYPE_CHECKING:
    from opsguard_assets.models.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job and its schedule.

    Attributes:
        name: Its name.
        cadence: How often it runs.
        needs: The canonical tables without which there is no such job.
        assets: What it computes, each as "room/name".
        at_moment: Those of its assets that are told the moment; all of them where left out.
        purpose: What people read at the job.
        schedule: What people read at its schedule.
        limit: A run that takes longer is ended, so that the cadence goes on: a frequent tick before the next but one is
            due.
        catch_up: A tick that is overdue by less is caught up, however short `sla.missed_tick_limit_minutes` is.
        is_by_day: Whether its assets are partitioned by day, and a run belongs to the day of its moment (UTC).
        is_by_month: Whether its assets are partitioned by month, and a run belongs to the month before its moment (in
            the operations time zone).
        follows_loads: Whether its assets also follow the loads of sources.
        settles: The monitor whose newest tick shows how far the job got; the end of its newest run where left out.
        counts: The table that holds the rows of its ticks, and what they are: "open tickets".
    """

    name: str
    cadence: Cadence
    needs: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    at_moment: tuple[str, ...] | None = None
    purpose: str = ""
    schedule: str
    limit: timedelta = timedelta(hours=3)
    catch_up: timedelta = timedelta(0)
    is_by_day: bool = False
    is_by_month: bool = False
    follows_loads: bool = False
    settles: str | None = None
    counts: tuple[Table, str] | None = None

    def is_fed(self, fed: Sequence[str] | set[str]) -> bool:
        """Whether sources fill all tables that it needs; without any source there is nothing to compute."""
        return bool(fed) and set(self.needs) <= set(fed)


def always(_: Settings) -> bool:
    """Wanted whatever the settings say."""
    return True


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A problem that models are learned for.

    Attributes:
        name: Its name, that of its package in `ml.problems`, its models and jobs.
        question: What a model answers, for the help of commands.
        scored_by: The job that scores it; without its tables the problem is not learned either.
        declare: The problem by the settings; imports what declares it.
        unavailable: The alert that no learned model can score.
        is_wanted: Whether its models are learned by themselves: of people only where a client wants it. By hand they
            can be learned everywhere.
    """

    name: str
    question: str
    scored_by: str
    declare: Callable[[Settings], "Problem"]
    unavailable: AlertType
    is_wanted: Callable[[Settings], bool] = always


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One kind of tick on the command line: `opsguard tick <name>`, `opsguard ticks withdraw --of <name>`.

    Attributes:
        name: Its name.
        computes: What it computes, for the help.
        scores: The tables that hold rows of every moment.
        settles: Whether it settles the alerts of its domain.
        recorded_by: The job whose ticks are recorded; None where none are.
        undo: What else is undone when ticks are withdrawn: from an open connection and the withdrawal to a count of
            rows.
    """

    name: str
    computes: str
    scores: tuple[Table, ...] = ()
    settles: bool = True
    recorded_by: str | None = None
    undo: Callable[[Any, Any], int] | None = None


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What a domain writes into the lake; housekeeping looks after all of it.

    Attributes:
        versioned: Tables with two clocks, beside the canonical ones.
        derived: Tables that follow the records.
        scores: Rows of every moment, by day; older ones than `retention.risk_days` are deleted.
        others: Places in the lake without a schema of their own.
    """

    versioned: tuple[Table, ...] = ()
    derived: tuple[Table, ...] = ()
    scores: tuple[Table, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A business domain.

    Attributes:
        name: Its room.
        needs: The canonical tables without which it has no assets.
        assets: Its Dagster assets by the settings and the names of all canonical tables that sources fill; imports
            Dagster.
        jobs: Its jobs; those of its models are made of `problems`.
        monitor: Who raises its alerts; None where it has none of its own.
        alert_types: The alerts that the monitor raises.
        problems: What is learned for it.
        ticks: Its ticks on the command line.
        tables: What it writes.
    """

    name: str
    needs: tuple[str, ...]
    assets: Callable[[Settings, Sequence[str]], Sequence[Any]]
    jobs: tuple[Job, ...]
    monitor: str | None
    alert_types: tuple[AlertType, ...]
    problems: tuple[Learned, ...] = ()
    ticks: tuple[Tick, ...] = ()
    tables: Tables = field(default_factory=Tables)
