"""Learned models in ticks: the tick against the model's own prediction, history and features against their floors.

Here: what is measured of serving, and the data beside those of `data`. Not here: running the sides (`timing`).
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.data import AS_OF, START, UNTIL, multiplied
from ml.features.asof import latest
from ml.problems.sla_breach.features import WINDOWS, features
from ml.problems.sla_breach.streams import LOADED
from opsguard_assets.derivation import Span, mark
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import SEQUENCE
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.learning.features_io import features_at
from opsguard_assets.tickets.learning.outcomes_io import recent_tickets, update_recent
from opsguard_assets.tickets.learning.recent import reduced
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.clock_history import readings_at
from opsguard_assets.tickets.sla.derive_io import update_clocks
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS
from opsguard_assets.tickets.sla.snapshot_io import history_of
from opsguard_assets.tickets.sla.tick import READ, clocks_at
from resources.lake import Lake
from resources.progress import Silent

# Of ended tickets, every further copy of the provider's month lies this much further back, with one of so many staffs.
_BACK, _STAFFS = timedelta(days=3), 40
_INSTANTS = ("known_at", "superseded_at", "opened_at", "updated_at", "outcome_at")
_MODEL = "model"


def small_lake(folder: Path) -> Lake:
    """The provider's month with all versions, followed by everything that follows loads."""
    lake = Lake(str(folder / "small"))
    if lake.exists(RECENT_TICKETS.derived_name):
        return lake
    settings = SimulationSettings(seed=11, starts_at=START, tickets_per_day=400, agents=110, load=1.0)
    tables = simulate(settings, UNTIL).tables
    for name in ("clients", "sites", "calendars", "sla_policies", "tickets", "ticket_events"):
        table, rows = TABLES[name], tables[name].filter(pl.col("known_at") <= UNTIL)
        sequence = [pl.col("sequence").alias(SEQUENCE)] if name == "tickets" else []
        missing = [pl.lit(None, dtype).alias(c) for c, dtype in table.dtypes.items() if c not in rows.columns]
        lake.record(table, rows.with_columns(missing).select(*table.columns, *sequence), loaded_at=UNTIL)
    update_clocks(lake, progress=Silent())
    update_recent(lake, progress=Silent())
    return lake


def learn(folder: Path) -> None:
    """A LightGBM model of the provider's month."""
    from ml.models.model_files import save
    from ml.problems.sla_breach.problem import TASK
    from ml.training.candidates.labels import lightgbm
    from ml.training.train import train
    from ml.training.tuning import Budget

    if (folder / _MODEL).exists():
        return
    rows = TicketDataset.of(history_of(small_lake(folder)), UNTIL).watched()
    budget = Budget(seconds=0, trials=0, clock=lambda: 0.0)
    trained = train(rows, TASK, (lightgbm(),), until=UNTIL, budget=budget)
    save(trained[-1].model, folder / _MODEL)


def keep_recent(folder: Path, lake_folder: Path, *, open_tickets: int, ended_tickets: int) -> None:
    """The set of recent tickets of a multiplied lake (`data.build_lake`), made as loads would have made it."""
    lake = Lake(str(lake_folder))
    if lake.exists(RECENT_TICKETS.derived_name):
        return
    rows = recent_tickets(small_lake(folder))
    live = rows.filter(pl.col("superseded_at").is_null(), TABLES["tickets"].is_live).select("ticket_id")
    kept = RECENT_TICKETS.empty()
    for is_open, prefix, count in ((False, "ended", ended_tickets), (True, "open", open_tickets)):
        own = rows.join(live, on="ticket_id", how="semi" if is_open else "anti")
        tickets = own.unique("ticket_id", keep="last", maintain_order=True).select("ticket_id", origin="ticket_id")
        versions, first = own.rename({"ticket_id": "origin"}), 0
        for batch in multiplied(tickets, count, prefix):
            copied = batch.with_columns(copy=(pl.int_range(pl.len()) + first) // len(tickets))
            aged = _aged(copied.join(versions, on="origin"), is_open=is_open)
            kept, first = reduced(pl.concat([kept, aged]), UNTIL), first + len(batch)
    lake.replace(RECENT_TICKETS.derived_name, kept)
    mark(lake, RECENT_TICKETS.name, Span(None, UNTIL))


def _aged(rows: pl.DataFrame, *, is_open: bool) -> pl.DataFrame:
    staff = pl.col("copy") if is_open else pl.col("copy") % _STAFFS
    back = pl.lit(_BACK) * (pl.lit(0) if is_open else pl.col("copy"))
    aged = rows.with_columns(pl.format("{}-{}", "assignee_id", staff).alias("assignee_id"))
    return aged.with_columns(pl.col(c) - back for c in _INSTANTS).select(RECENT_TICKETS.columns)


def tick_learned(folder: str, lake: str) -> Callable[[], object]:
    """OpsGuard: the risk of every open ticket by a LightGBM model, from the features of the moment."""
    from ml.models.model_files import load
    from opsguard_assets.tickets.risk.score_io import risk_at

    opened, model = Lake(lake), load(Path(folder) / _MODEL)
    return lambda: risk_at(opened, model, AS_OF, reasons_from=0.6)


def predict_alone(folder: str, lake: str) -> Callable[[], object]:
    """The floor of that tick: LightGBM's own prediction of the same rows, which are there already."""
    from ml.models.learned import Booster, numbers
    from ml.models.model_files import load

    model = load(Path(folder) / _MODEL)
    tickets = Lake(lake).known(TABLES["tickets"], AS_OF, live_only=True).select("ticket_id")
    clocks = Lake(lake).known(SLA_CLOCKS, AS_OF, live_only=True).select(READ).join(tickets, on="ticket_id", how="semi")
    calendars = Lake(lake).known(TABLES["calendars"], AS_OF).collect()
    stored = clocks.collect()
    used = stored.select("calendar_id", "timezone", "calendar_key").unique("calendar_key")
    read = clocks_at(stored, working_time(calendars, used, since=AS_OF, until=AS_OF), AS_OF)
    rows = numbers(features_at(Lake(lake), AS_OF, read), model.features)
    scorer = model.scorer
    if not isinstance(scorer, Booster):
        raise TypeError(f"{folder} holds no LightGBM model")
    return lambda: scorer.booster.predict(rows)


def features_of_moments(folder: str, moments: int) -> Callable[[], object]:
    """OpsGuard: clocks and features of moments of past tickets."""
    dataset = TicketDataset.of(history_of(small_lake(Path(folder))), UNTIL)
    asked = asked_moments(dataset, moments)
    return lambda: features(dataset.known, readings_at(asked, dataset.clocks, dataset.calendars))


def joins_of_moments(folder: str, moments: int) -> Callable[[], object]:
    """The floor of features: each of their look-ups as a bare as-of join of Polars, both sides sorted already."""
    dataset = TicketDataset.of(history_of(small_lake(Path(folder))), UNTIL)
    asked, known = asked_moments(dataset, moments), dataset.known
    wide = asked.hstack(latest(asked, known.states, by=["ticket_id"]).drop("opened_at"))
    history = dataset.clocks.select("ticket_id", "resolution_due_at", "remaining_base_us", at="known_from")
    spans = 1 + len(WINDOWS)
    looked_up = [
        ("ticket_id", history, 1),
        ("ticket_id", known.states, 1),
        ("client_id", known.plans, 1),
        ("group_id", known.handled, 2),
        (None, known.closing, 1),
        *((column, known.loads[column], 1) for column in LOADED),
        *((None if c == "all" else c, stream, spans) for c, stream in known.arrivals.items()),
        *(
            (None if c == "all" else c, s, 1)
            for part in (known.rates, known.minutes, known.handling)
            for c, s in part.items()
        ),
    ]
    sides = []
    for column, stream, times in looked_up:
        by = [column] if column else []
        left = wide.select(*by, "as_of").sort(*by, "as_of")
        sides += [(left, stream.sort(*by, "at"), column)] * times

    def joined() -> None:
        for left, right, column in sides:
            left.join_asof(right, left_on="as_of", right_on="at", by=column, check_sortedness=False)

    return joined


def asked_moments(dataset: TicketDataset, count: int) -> pl.DataFrame:
    """Moments spread over the lives of tickets."""
    number = pl.int_range(count, dtype=pl.Int64, eager=True)
    lives = dataset.lives[(number % len(dataset.lives)).cast(pl.UInt32)]
    share = pl.Series("share", (number * 2_654_435_761) % 2**32) / 2**32
    life = (pl.col("ends_at") - pl.col("begins_at")).dt.total_microseconds()
    lived = pl.duration(microseconds=(life * pl.col("share")).cast(pl.Int64))
    return lives.with_columns(share).select("ticket_id", as_of=pl.col("begins_at") + lived)
