"""Sensors that look for new records cheaply and request a load only when there are some.

Here: looking, remembering what was seen, requesting. Not here: how a source is probed; `build.py` hands in the probes.
A tick that fails keeps its old cursor, so nothing that arrived is forgotten; loads are idempotent, so asking twice
changes nothing.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from opsguard_assets.intake.receiving.probe_result import ProbeResult
from sensors.runs import unfinished_run

_BUDGET_SECONDS = 40.0


Probe = Callable[[str | None], ProbeResult]


@dataclass(frozen=True)
class Watched:
    """A source that a sensor watches.

    Attributes:
        probe: Looks at the source; cheap, no contents are read.
        assets: What to materialise when something is new: the raw records and all that follows from them.
    """

    probe: Probe
    assets: tuple[dg.AssetKey, ...]


def arrivals_sensor(
    name: str, *, job: str, watched: Mapping[str, Watched], every_seconds: int, description: str
) -> dg.SensorDefinition:
    """A sensor over some sources of one kind.

    Sources that could not be looked at are reported and tried again; when none could, the tick fails loudly.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        running = unfinished_run(context.instance, job)
        if running:
            return dg.SkipReason(f"run {running} of {job} has not finished; new records wait for it")
        cursors = _cursors(context)
        seen, failures = dict(cursors), dict[str, Exception]()
        requested: dict[dg.AssetKey, None] = {}
        words = []
        for source, item in _within_budget(_least_recent_first(watched, cursors)):
            try:
                look = item.probe(cursors.get(source))
            except Exception as error:  # one unreachable source must not blind the others
                failures[source] = error
                context.log.exception("source %s could not be looked at", source)
                continue
            # Put behind all others: their order says which of them were looked at last.
            seen.pop(source, None)
            seen[source] = look.cursor
            if look.has_new:
                words.append(f"{source}: {look.what}")
                requested.update(dict.fromkeys(item.assets))
        if failures and len(failures) == len(watched):
            raise dg.Failure(f"no source could be looked at: {failures}")
        if not requested:
            context.update_cursor(json.dumps(seen))
            return dg.SkipReason("nothing new" + (f"; not reached: {', '.join(failures)}" if failures else ""))
        request = dg.RunRequest(asset_selection=list(requested), tags={"opsguard/arrived": "; ".join(words)[:200]})
        return dg.SensorResult(run_requests=[request], cursor=json.dumps(seen))

    return dg.SensorDefinition(
        name=name,
        job_name=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=every_seconds,
        description=description,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def _cursors(context: dg.SensorEvaluationContext) -> dict[str, str]:
    """What was seen of each source; a cursor that somebody edited into something else is seen as none."""
    try:
        cursors = json.loads(context.cursor or "{}")
    except json.JSONDecodeError:
        cursors = None
    if isinstance(cursors, dict) and all(isinstance(seen, str) for seen in cursors.values()):
        return cursors
    context.log.warning("the cursor is no record of what was seen: %r; every source is looked at anew", context.cursor)
    return {}


def _least_recent_first(watched: Mapping[str, Watched], cursors: Mapping[str, str]) -> list[tuple[str, Watched]]:
    """Sources never looked at come first, then those looked at longest ago: a full budget starves nobody."""
    order = {source: position for position, source in enumerate(cursors)}
    return sorted(watched.items(), key=lambda item: order.get(item[0], -1))


def _within_budget(items: list[tuple[str, Watched]]) -> Iterator[tuple[str, Watched]]:
    """Stops before the daemon's limit of one tick."""
    begun = time.monotonic()
    for item in items:
        if time.monotonic() - begun > _BUDGET_SECONDS:
            return
        yield item
