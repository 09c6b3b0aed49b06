"""`opsguard replay`: the alerts a past period would have had. Not here: the computation (`opsguard_assets.models`)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ml.evaluation.replay import Period
from ml.models.model import RiskModel
from opsguard_assets.commands.evaluate import in_roles
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.moments import duration, instant
from opsguard_assets.commands.problem_name import PROBLEM_HELP, NothingToJudgeError, ProblemName
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.recompute_io import recompute_tick as recompute_device_tick
from opsguard_assets.domains import problems_of
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.recompute import RecomputedTick
from opsguard_assets.models.replay import GRID, SHOWN, Replayed, as_table, count_ticks
from opsguard_assets.models.replay import replay as replayed
from opsguard_assets.models.replay_report import Asked, headline, report
from opsguard_assets.shifts.alerts.recompute_io import recompute_tick as recompute_shift_tick
from opsguard_assets.tickets.risk.recompute_io import recompute_tick as recompute_sla_tick
from opsguard_assets.triage.learning.recompute_io import recompute_tick as recompute_alert_tick
from opsguard_assets.vendors.alerts.recompute_io import recompute_tick as recompute_order_tick
from resources.lake import Lake

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_AGAIN: dict[ProblemName, Callable[[Lake, Champions, datetime, Settings], RecomputedTick]] = {
    ProblemName("sla_breach"): recompute_sla_tick,
    ProblemName("device_failure"): recompute_device_tick,
    ProblemName("no_show"): recompute_shift_tick,
    ProblemName("work_order_late"): recompute_order_tick,
    ProblemName("alert_action"): recompute_alert_tick,
}


class NotReproducedError(RuntimeError):
    """A recomputed tick differs from its record; the message names the differences."""


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - the options of a command
    problem: Annotated[ProblemName, typer.Argument(help=PROBLEM_HELP)],
    begins: Annotated[str | None, typer.Option("--from", help="First tick.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="End of the period. Default: now.")] = None,
    every: Annotated[
        str | None, typer.Option(help="Time between ticks, such as 15m or 1h. Default: as in production.")
    ] = None,
    threshold: Annotated[list[float] | None, typer.Option(help="Alert threshold; may be repeated.")] = None,
    at: Annotated[str | None, typer.Option(help="Recompute this recorded tick, and compare the digests.")] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="Path of the HTML report. Default: in OPSGUARD_HOME.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score every tick of a past period by what was known at the time, and compare the alerts with the outcomes.

    The model is the champion if its training data ends before --from, else the best model of the newest training before
    it. The rule baseline is scored as well.

    Example: `opsguard replay sla_breach --from 2016-05-01 --to 2016-06-01 --threshold 0.7`.
    """
    moment = instant(at, "--at", config)
    if moment is not None:
        _compare(problem, moment, config, as_json=as_json)
        return
    first, last = instant(begins, "--from", config), instant(ends, "--to", config) or datetime.now(UTC)
    if first is None or first >= last:
        raise typer.BadParameter("--from must be before --to")
    _check(threshold)
    period = Period(first, last)
    with opened(config) as session:
        learned = problems_of(session.settings)[problem.value]
        step = duration(every, "--every") or learned.step
        chosen = threshold[0] if threshold else learned.alert_from
        grid = sorted({*(threshold or GRID), chosen})
        # The report shows the first model only; a second one would double the time.
        models = [in_roles(session, problem, first)[0][1], learned.rule]
        results = _run(session, learned, models, period, step, grid)
        asked = Asked(learned.name, learned.entity, learned.event, period, step, chosen)
        target = page or session.installation.environment.home / "reports" / _name(problem, period)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(report(asked, results), encoding="utf-8")
    if as_json:
        print_json({"report": target, "results": as_table(results)})
        return
    shown = [{k: v for k, v in row.items() if k in SHOWN} for row in as_table(results)]
    print_rows(headline(asked, results[0]), shown)
    console.print(f"The page: {target}", markup=False)


def _run(
    session: Session,
    problem: Problem,
    models: Sequence[RiskModel],
    period: Period,
    step: timedelta,
    grid: Sequence[float],
) -> list[Replayed]:
    dataset = problem.dataset(session.installation.lake, datetime.now(UTC))
    ticks = count_ticks(dataset, period, step)
    if not ticks:
        raise NothingToJudgeError(
            f"Nothing to replay: no {problem.entity} was open between {period.begins_at:%Y-%m-%d %H:%M} and "
            f"{period.ends_at:%Y-%m-%d %H:%M} UTC."
        )
    with bars() as shown:
        advance = shown.begin("scoring ticks", ticks)
        return replayed(
            problem, dataset, models, period, step=step, thresholds=grid, costs=problem.costs, advance=advance
        )


def _compare(problem: ProblemName, moment: datetime, config: Path | None, *, as_json: bool) -> None:
    """Recomputes one tick and compares it with its record.

    Raises:
        NotReproducedError: When they differ.
    """
    with opened(config) as session:
        again = _AGAIN[problem](session.installation.lake, catalog_of(session).champions, moment, session.settings)
    values = {
        "as_of": again.tick.as_of,
        "model": f"{again.tick.model_name} {again.tick.model_version}" if again.tick.model_name else "none",
        **{f"{name}_rows": len(rows) for name, rows in again.rows.items()},
        **{name: digests.again for name, digests in again.digests.items()},
        **{f"{name}_recorded": digests.recorded for name, digests in again.digests.items()},
        "is_reproduced": again.is_reproduced,
    }
    if as_json:
        # `is_as_it_was` is the name of earlier versions, which scripts read.
        print_json(values | {"is_as_it_was": again.is_reproduced})
    else:
        print_rows(
            "The recomputed tick", [{"figure": name.replace("_", " "), "value": str(v)} for name, v in values.items()]
        )
    if not again.is_reproduced:
        differing = [name.replace("_", " ") for name, digests in again.digests.items() if not digests.is_reproduced]
        raise NotReproducedError(
            f"The tick at {again.tick.as_of:%Y-%m-%d %H:%M} UTC is not reproduced: {', '.join(differing)} differ from "
            "the record. Current settings are used, so a changed setting also shows here."
        )


def _check(thresholds: Sequence[float] | None) -> None:
    """Checks thresholds: probabilities between 0 and 1, both excluded."""
    wrong = [value for value in thresholds or () if not 0 < value <= 1]
    if wrong:
        raise typer.BadParameter(f"--threshold {wrong[0]:g} is not a valid probability; write it like 0.7.")


def _name(problem: ProblemName, period: Period) -> str:
    return f"{problem.value}-{period.begins_at:%Y%m%dT%H%M}-{period.ends_at:%Y%m%dT%H%M}.html"
