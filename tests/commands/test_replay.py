"""`opsguard replay` and `opsguard evaluate` on a provider scored once: a tick again, and nothing to look at."""

import json
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from ml.models.calibration import IDENTITY
from ml.models.learned import Estimator, LearnedModel
from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.trainings import keep
from resources.lake import Lake
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.long import chosen
from tests.models.providers import AT, FEATURE, WORLD, catalog_of, know_provider, run_ticks, scorers
from tests.properties import is_full

SCORED = {
    "sla_breach": "risk",
    "device_failure": "risk_24h",
    "no_show": "risk",
    "work_order_late": "risk",
    "alert_action": "risk",
}
# Whose probabilities raise no alerts of their own: a tick of theirs has no findings.
SILENT = ("alert_action",)
# A tick is computed again by the settings in force; those of the provider want risks of no-shows.
WANTED = "shifts: {no_show_risk_for: ['*']}\n"
every = pytest.mark.parametrize("problem", SCORED)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def provider(databases, tmp_path_factory):
    """The lake and the database of a provider, without a tick."""
    database, home = databases.with_mlflow(), tmp_path_factory.mktemp("scored_once")
    lake = Lake(str(home / "lake"))
    know_provider(lake)
    return lake, database, database.url.get_secret_value()


@pytest.fixture(scope="module")
def once(provider, tmp_path_factory):
    """Runs the tick of a problem, unless it ran already."""
    lake, database, _ = provider
    return cache(lambda problem: run_ticks(lake, catalog_of(database, tmp_path_factory.mktemp("x")), (problem,)))


@pytest.fixture
def scored(once, capsys):
    """Runs the tick of a problem; what Dagster says of it is not what a command says."""

    def run(problem):
        once(problem)
        capsys.readouterr()

    return run


@pytest.fixture
def replay(provider, command_on):
    lake, _, url = provider
    return command_on("replay", lake.uri, url, settings=WANTED)


@pytest.fixture
def evaluate(provider, command_on):
    lake, _, url = provider
    return command_on("evaluate", lake.uri, url, settings=WANTED)


@contextmanager
def another_digest(lake, database, scorer, risk):
    """The record of a tick has another digest for a while."""
    change = text("UPDATE ticks SET digest = reverse(digest) WHERE job = :job")
    with database.begin() as connection:
        connection.execute(change, {"job": scorer.job})
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.execute(change, {"job": scorer.job})


@contextmanager
def another_score(lake, database, scorer, risk):
    """The lake holds another score of one entity for a while."""
    where, table = {"date": AT.date(), "as_of": AT}, scorer.table
    rows = lake.rows_at(table, AT)
    place = pl.int_range(pl.len()) == rows[risk].arg_max()
    tampered = rows.with_columns(pl.when(place).then(0.123).otherwise(risk).alias(risk))
    lake.replace_slice(table.derived_name, tampered, where=where, partition_by=["date"])
    try:
        yield
    finally:
        lake.replace_slice(table.derived_name, rows, where=where, partition_by=["date"])


@pytest.mark.parametrize("problem", chosen(SCORED))
def test_a_tick_computed_again_is_as_it_was(replay, scored, problem):
    scored(problem)
    code, out, err = replay(problem, "--at", AT.isoformat(), "--json")
    told = json.loads(out)
    assert (code, err, told["is_reproduced"], told["is_as_it_was"]) == (0, "", True, True)
    assert told[f"{scorers()[problem].table.name}_rows"] > 5
    found = () if problem in SILENT else ("findings", "decisions")
    for part in ("scores", "scores_in_lake", *found):
        assert told[part] == told[f"{part}_recorded"] != None  # noqa: E711 - in a chain
    code, out, _ = replay(problem, "--at", AT.isoformat())
    assert (code, out.split()[-1]) == (0, "True")


TAMPERED = [(another_digest, "scores"), (another_score, "scores in lake")]


@pytest.mark.parametrize("problem", chosen(SCORED))
@pytest.mark.parametrize("tampered", TAMPERED)
def test_a_tampered_score_is_found_out(replay, provider, scored, problem, tampered):
    scored(problem)
    tamper, part = tampered
    lake, database, _ = provider
    with tamper(lake, database, scorers()[problem], SCORED[problem]):
        code, out, err = replay(problem, "--at", AT.isoformat(), "--json")
    assert (code, json.loads(out)["is_reproduced"]) == (1, False)
    assert err.startswith(f"The tick at {AT:%Y-%m-%d %H:%M} UTC is not reproduced: {part} differ from the record.")


@every
def test_an_instant_without_a_tick_is_said_so(replay, problem):
    code, out, err = replay(problem, "--at", (AT - timedelta(hours=2)).isoformat(), "--json")
    assert (code, out) == (1, "")
    assert err.startswith("No tick recorded at 2026-03-03 07:00:00 UTC; `opsguard tick ")


def train(database, home, problem, feature="silence_minutes"):
    """Leaves a model behind that learned up to the beginning of the world."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier().fit([[0.0], [1.0]], [False, True])
    model = LearnedModel("boosting", f"{START:%Y-%m-%dT%H:%M:%S}", (feature,), Estimator(fitted), IDENTITY)
    keep(ModelCatalog(Registry(Place("", home / "mlflow")), Champions(database)), problem, START, [model])


def versions_of(lake):
    """The newest version of every table of a lake."""
    folder = Path(lake.uri)
    names = [str(log.parent.relative_to(folder)) for log in folder.rglob("_delta_log")]
    return {name: lake.version(name) for name in names}


def counts_of(database):
    """The rows of every table of ours."""
    named = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
    with database.begin() as connection:
        names = connection.execute(named).scalars().all()
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in names}


def test_evaluate_and_replay_write_nothing(provider, scored, replay, evaluate, tmp_path):
    """Not even where a load has not been rolled up yet, and the tick before kept no checkpoint."""
    lake, database, _ = provider
    record_fleet(lake, fleet_of(WORLD, AT + timedelta(hours=5)), AT + timedelta(hours=5), AT)
    asked = tuple(ENTITIES) if is_full() else ("device_failure",)
    for problem in asked:
        scored(problem)
        train(database, tmp_path, problem, FEATURE[problem])
    before, counted = versions_of(lake), counts_of(database)
    assert {"devices/device_hourly", "devices/device_risk", "tables/telemetry"} <= set(before)
    assert {"ticks", "alerts", "decisions", "monitor_ticks"} <= set(counted)
    replayed = {"sla_breach", "device_failure"}
    period = ("--from", START.isoformat(), "--to", (AT + timedelta(hours=4)).isoformat(), "--json")
    for problem in asked:
        code, out, err = replay(problem, *period)
        # Of the first day of a world no part in a shift has an outcome yet.
        assert code == 0 or (problem not in replayed and err.startswith("Nothing to replay"))
        assert code or json.loads(out)["results"]
        assert evaluate(problem, *period, "--moments", "every:24h")[0] in {0, 1}
        assert replay(problem, "--at", AT.isoformat())[0] == 0
    assert versions_of(lake) == before
    assert counts_of(database) == counted


ENTITIES = {"sla_breach": "ticket", "device_failure": "device", "no_show": "shift", "work_order_late": "order",
            "alert_action": "alert"}  # fmt: skip


@pytest.mark.parametrize("problem", chosen(ENTITIES))
def test_a_period_in_which_nothing_was_open_is_said_so(provider, replay, evaluate, tmp_path, problem):
    train(provider[1], tmp_path, problem)
    period = ("--from", "2026-04-01", "--to", "2026-04-02")
    code, out, err = evaluate(problem, *period, "--json")
    assert (code, out) == (1, "")
    assert err.startswith(
        f"Nothing to evaluate: no {ENTITIES[problem]} from 2026-04-01 00:00 to 2026-04-02 00:00 UTC was open at "
        "'opening' and has a known outcome."
    )
    code, out, err = replay(problem, *period, "--json")
    assert (code, out) == (1, "")
    assert err.startswith(
        f"Nothing to replay: no {ENTITIES[problem]} was open between 2026-04-01 00:00 and 2026-04-02 00:00 UTC."
    )
    assert not (tmp_path / "reports").exists()


def test_devices_that_were_not_watched_long_enough_are_nothing_to_judge(provider, evaluate, tmp_path):
    train(provider[1], tmp_path, "device_failure")
    last_hours = ("--from", (AT - timedelta(hours=3)).isoformat(), "--to", AT.isoformat())
    code, out, err = evaluate("device_failure", *last_hours, "--json")
    assert (code, out) == (1, "")
    assert err.startswith("Nothing to evaluate: no device from 2026-03-03 06:00 to 2026-03-03 09:00 UTC")


@pytest.mark.parametrize("problem", chosen(ENTITIES))
@pytest.mark.parametrize("name", ["evaluate", "replay"])
def test_without_a_model_the_way_to_one_is_said(request, name, problem):
    code, out, err = request.getfixturevalue(name)(problem, "--from", "2026-03-02", "--to", "2026-03-03", "--json")
    assert (code, out) == (1, "")
    assert err.startswith("No model was trained on what was known by 2026-03-02 00:00 UTC.")
    assert f"`opsguard train {problem} --until 2026-03-02T00:00Z` first" in err
