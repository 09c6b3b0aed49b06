"""`opsguard replay`: what would have been alerted in a past period. Not here: replaying (`opsguard_assets.tickets`)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ml.model import RiskModel
from ml.replay import Period
from ml.sla_breach.rule import RuleBaseline
from opsguard_assets.commands.evaluate import in_roles
from opsguard_assets.commands.offices import office_of
from opsguard_assets.commands.problems import Problem, instant
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.tickets.alert_assets import levels_of
from opsguard_assets.tickets.knowledge import history_of
from opsguard_assets.tickets.learning import Past
from opsguard_assets.tickets.model_assets import order_of
from opsguard_assets.tickets.replay import GRID, SHOWN, Replayed, as_table, count_ticks
from opsguard_assets.tickets.replay import replay as replayed
from opsguard_assets.tickets.replay_report import Asked, headline, report
from opsguard_assets.tickets.ticks_again import tick_again

app = typer.Typer(rich_markup_mode=None)
_STEP = re.compile(r"^(\d+)(m|h)$")


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - the options of a command
    problem: Annotated[Problem, typer.Argument(help="sla_breach: will an open ticket miss its deadline?")],
    begins: Annotated[str | None, typer.Option("--from", help="First tick.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="End of the period; now where left out.")] = None,
    every: Annotated[str, typer.Option(help="Time between ticks, such as 15m or 1h.")] = "15m",
    threshold: Annotated[
        list[float] | None, typer.Option(help="Alert from this risk; may be given more than once.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Compute this one recorded tick again, as it was, and compare the digests.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="Where the page goes; in OPSGUARD_HOME otherwise.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score every open ticket at every tick of a past period, each by what was known then, and tell what came of it.

    The model is the champion, if it knew nothing later than --from, else the best of the newest training before it;
    beside it the rule.

    Example: `opsguard replay sla_breach --from 2016-05-01 --to 2016-06-01 --threshold 0.7`.
    """
    moment = instant(at, "--at")
    if moment is not None:
        _compare(moment, config, as_json=as_json)
        return
    first, last = instant(begins, "--from"), instant(ends, "--to") or datetime.now(UTC)
    if first is None or first >= last:
        raise typer.BadParameter("--from must lie before --to")
    period, step = Period(first, last), _step(every)
    with opened(config) as session:
        chosen = threshold[0] if threshold else session.settings.sla.alert_from
        grid = sorted({*(threshold or GRID), chosen})
        # The page tells of the first model in full; a second one would double the time.
        models = [in_roles(session, problem, first)[0][1], RuleBaseline()]
        results = _run(session, models, period, step, grid)
        asked = Asked(problem.value, period, step, chosen)
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
    session: Session, models: Sequence[RiskModel], period: Period, step: timedelta, grid: Sequence[float]
) -> list[Replayed]:
    past = Past.of(history_of(session.installation.lake), datetime.now(UTC))
    with bars() as shown:
        advance = shown.begin("scoring ticks", count_ticks(past, period, step))
        costs = order_of(session.settings, period.ends_at).costs
        return replayed(past, models, period, step=step, thresholds=grid, costs=costs, advance=advance)


def _compare(moment: datetime, config: Path | None, *, as_json: bool) -> None:
    """One tick again; ends with 1 where it is not as it was."""
    with opened(config) as session:
        levels = levels_of(session.settings)
        again = tick_again(session.installation.lake, office_of(session).champions, moment, levels)
    told = {
        "as_of": moment,
        "model": f"{again.tick.model_name} {again.tick.model_version}",
        "rows": len(again.risk),
        "scores": again.scores_digest,
        "scores_recorded": again.tick.digest,
        "findings": again.findings_digest,
        "findings_recorded": again.recorded_findings_digest,
        "is_as_it_was": again.is_as_it_was,
    }
    if as_json:
        print_json(told)
    else:
        print_rows("The tick again", [{"figure": name.replace("_", " "), "value": str(v)} for name, v in told.items()])
    if not again.is_as_it_was:
        raise typer.Exit(1)


def _step(text: str) -> timedelta:
    found = _STEP.match(text)
    if found is None or int(found[1]) == 0:
        raise typer.BadParameter(f"--every {text!r} is no step; write it like 15m or 1h.")
    return timedelta(**{{"m": "minutes", "h": "hours"}[found[2]]: int(found[1])})


def _name(problem: Problem, period: Period) -> str:
    return f"{problem.value}-{period.begins_at:%Y%m%dT%H%M}-{period.ends_at:%Y%m%dT%H%M}.html"
