"""`opsguard status`: the state on one screen. Not here: reading it (`overview`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import typer

from ml.words import durations
from opsguard_assets.commands.overview import Overview, overview
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    environment_of,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.commands.troubles import Row
from opsguard_assets.views.texts import visible
from resources.environment import Environment

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_RULE = "rule"
_NOTHING_YET = "There is no data yet"
_MOST_TROUBLES = 12


@app.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the state: ticks and their lag, alerts, models, sources, pending and failed work. Changes nothing."""
    place = environment_of(config)
    if not _begun(place):
        words = f"{_NOTHING_YET}: {place.home} has no database. {_first_steps(place)}"
        print_json({"home": str(place.home), "is_empty": True, "next": words}) if as_json else typer.echo(words)
        return
    with opened(config) as session:
        found = overview(session.installation, session.settings, datetime.now(UTC))
    steps = _next_steps(found, place)
    if as_json:
        print_json({**found.as_json(), "is_empty": not _loaded(found), "next": steps})
    else:
        _show(found, steps)


def _begun(place: Environment) -> bool:
    """Whether this home was opened before; reading the status must not create a database."""
    return place.database_url is not None or place.embedded_data.exists()


def _first_steps(place: Environment) -> str:
    if place.config:
        return f"Next: `opsguard doctor` checks {place.config.name}, then `opsguard sync` loads your sources."
    return "Next: `opsguard demo` simulates a provider, or `opsguard sync --config opsguard.yaml` loads your sources."


def _loaded(found: Overview) -> bool:
    return any(source["last_load_at"] for source in found.sources)


def _next_steps(found: Overview, place: Environment) -> list[str]:
    if not _loaded(found):
        return [f"Nothing is loaded yet. {_first_steps(place)}"]
    late = any(job["is_late"] for job in found.jobs)
    idle = "Schedules do not run: `opsguard up` starts them."
    wrong = "`opsguard doctor` checks stores and sources and names the remedies."
    return [
        *([idle] if late and not found.places["schedules_run"] else []),
        *([wrong] if any(trouble["what"] in ("failed run", "failed check") for trouble in found.troubles) else []),
    ]


def _show(found: Overview, steps: Sequence[str]) -> None:
    typer.echo(f"As of {found.as_of:%Y-%m-%d %H:%M} UTC\n")
    print_rows("Jobs", _jobs(found))
    print_rows("\nUnresolved alerts", _alerts(found))
    if found.models:
        print_rows("\nModels", _models(found))
    print_rows("\nSources", _sources(found))
    print_rows("\nWaits or failed", found.troubles[:_MOST_TROUBLES])
    if len(found.troubles) > _MOST_TROUBLES:
        typer.echo(f"{len(found.troubles) - _MOST_TROUBLES} more; --json shows all.")
    typer.echo("")
    for line in (*_places(found), *steps):
        typer.echo(visible(line))


def _jobs(found: Overview) -> list[Row]:
    ages = _ages([job["newest"] for job in found.jobs], found.as_of)
    return [
        {
            "job": job["job"],
            "every": _every(job["every_minutes"]),
            "newest": _instant(job["newest"]) or "never",
            "lag": age,
            "": "LATE" if job["is_late"] else "",
            "scored": "" if job["rows"] is None else f"{job['rows']:,} {job['counted']}",
            "by": _by(job["model"]),
            "last_run": job["last_run"] or "none",
        }
        for job, age in zip(found.jobs, ages, strict=True)
    ]


def _every(minutes: int) -> str:
    for unit, name in ((1_440, "d"), (60, "h")):
        if minutes % unit == 0:
            return f"{minutes // unit} {name}"
    return f"{minutes} min"


def _by(model: str | None) -> str:
    if model is None:
        return ""
    return _RULE if model.startswith(f"{_RULE}_") else model


def _alerts(found: Overview) -> list[Row]:
    ages = _ages([row["open_since"] for row in found.alerts], found.as_of)
    shown = ("monitor", "alert_type", "open", "acknowledged", "muted", "critical")
    return [
        {**{name: row[name] for name in shown}, "oldest_open": age} for row, age in zip(found.alerts, ages, strict=True)
    ]


def _models(found: Overview) -> list[Row]:
    return [
        {
            "problem": row["problem"],
            "scores": f"version {row['champion']}" if row["champion"] else _RULE,
            "champion_since": _instant(row["since"]),
            "challenger": row["challenger"],
            "last_look": _instant(row["looked_at"]),
            "found": row["found"] or (None if row["champion"] else f"no champion; `opsguard train {row['problem']}`"),
        }
        for row in found.models
    ]


def _sources(found: Overview) -> list[Row]:
    ages = _ages([row["newest_row_at"] for row in found.sources], found.as_of)
    return [
        {
            "source": row["source"],
            "tables": _few(row["tables"]),
            "newest_row": _instant(row["newest_row_at"]),
            "age": age,
            "last_load": _instant(row["last_load_at"]) or "never",
            "received": row["received"],
            "accepted": row["accepted"],
            "rejected": row["rejected"],
        }
        for row, age in zip(found.sources, ages, strict=True)
    ]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} tables"  # noqa: PLR2004 - what a line holds


def _places(found: Overview) -> list[str]:
    place = found.places
    seen = place["schedules_seen_at"]
    message = f"last seen {_instant(seen)}" if seen else "never ran here"
    return [
        f"home       {place['home']} ({place['free_bytes'] / 1e9:,.0f} GB free)",
        f"config     {place['config'] or 'the built-in simulated provider'}",
        f"database   {place['database']}, migration {place['migration']}",
        f"lake       {place['lake']}",
        f"schedules  {'run' if place['schedules_run'] else f'do not run ({message})'}",
    ]


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def _ages(instants: Sequence[datetime | None], now: datetime) -> list[str]:
    spans = _spans([now - at if at else None for at in instants])
    return ["in the future" if at and at > now else span for at, span in zip(instants, spans, strict=True)]


def _spans(spans: Sequence[timedelta | None]) -> list[str]:
    minutes = [None if span is None else max(span / timedelta(minutes=1), 0) for span in spans]
    return durations(pl.Series(minutes, dtype=pl.Float64)).fill_null("").to_list()
