"""`opsguard replay` and `opsguard evaluate` on a provider scored once: a tick again, and nothing to look at."""

import json
from contextlib import contextmanager
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest
from sqlalchemy import text

from ml.models.calibration import IDENTITY
from ml.models.learned import Estimator, LearnedModel
from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config, tick_partition
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.devices.job_names import SCORE_DEVICES_JOB
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.trainings import keep
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import SOURCES as OF_DEVICES
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.tickets.provider_records import FED, record
from tests.tickets.test_recompute import SOURCES as OF_TICKETS

WORLD = SimulationSettings(
    seed=4, starts_at=START, sites=3, agents=12, devices_per_site=2, tickets_per_day=20, guards=False, orders_per_day=0
)
AT = START + timedelta(days=1, hours=9)
SCORED = {
    "sla_breach": (SCORE_JOB, SLA_RISK, "risk"),
    "device_failure": (SCORE_DEVICES_JOB, DEVICE_RISK, "risk_24h"),
}
both = pytest.mark.parametrize("problem", SCORED)
pytestmark = pytest.mark.timeout(300)


def scored_once(lake, database, home):
    """Records a small provider and runs both ticks of one moment by their rules."""
    sources = {source.name: source for source in (*OF_TICKETS, *OF_DEVICES)}
    catalog = ModelCatalog(Registry(Place(database.url_for(MLFLOW), home / "mlflow")), Champions(database))
    given = {"lake": lake, "database": database, "progress": Silent(), "inbox": None, "models": catalog}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    defs = build_defs(settings=Settings(sources=tuple(sources.values())), resources=resources)
    record_fleet(lake, fleet_of(WORLD, AT), AT, later=timedelta(0))
    desk = simulate(WORLD.model_copy(update={"devices_per_site": 0}), AT).tables
    for name in set(FED) - {"clients", "sites"}:
        record(lake, name, desk[name].filter(pl.col("known_at") <= AT), AT)
    with dg.DagsterInstance.ephemeral() as instance:
        for job, config, partition in (
            (SCORE_JOB, tick_config(SCORE_JOB, AT), None),
            (SCORE_DEVICES_JOB, tick_config(SCORE_DEVICES_JOB, AT), tick_partition(SCORE_DEVICES_JOB, AT)),
        ):
            resolved = defs.resolve_job_def(job)
            assert resolved.execute_in_process(config, instance=instance, partition_key=partition).success


@pytest.fixture(scope="module")
def provider(databases, tmp_path_factory):
    """The lake and the database of a provider that was scored once."""
    database, home = databases.with_mlflow(), tmp_path_factory.mktemp("scored_once")
    lake = Lake(str(home / "lake"))
    scored_once(lake, database, home)
    return lake, database, database.url.get_secret_value()


@pytest.fixture
def replay(provider, command_on):
    lake, _, url = provider
    return command_on("replay", lake.uri, url)


@pytest.fixture
def evaluate(provider, command_on):
    lake, _, url = provider
    return command_on("evaluate", lake.uri, url)


@contextmanager
def another_digest(lake, database, job, table, risk):
    """The record of a tick has another digest for a while."""
    change = text("UPDATE ticks SET digest = reverse(digest) WHERE job = :job")
    with database.begin() as connection:
        connection.execute(change, {"job": job})
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.execute(change, {"job": job})


@contextmanager
def another_score(lake, database, job, table, risk):
    """The lake holds another score of one entity for a while."""
    where = {"date": AT.date(), "as_of": AT}
    rows = lake.scan(table.derived_name).filter(as_of=AT).collect()
    place = pl.int_range(pl.len()) == rows[risk].arg_max()
    tampered = rows.with_columns(pl.when(place).then(0.123).otherwise(risk).alias(risk))
    lake.replace_slice(table.derived_name, tampered, where=where, partition_by=["date"])
    try:
        yield
    finally:
        lake.replace_slice(table.derived_name, rows, where=where, partition_by=["date"])


@both
def test_a_tick_computed_again_is_as_it_was(replay, problem):
    code, out, err = replay(problem, "--at", AT.isoformat(), "--json")
    told = json.loads(out)
    assert (code, err, told["is_as_it_was"]) == (0, "", True)
    assert told[f"{SCORED[problem][1].name}_rows"] > 5
    for part in ("scores", "scores_in_lake", "findings", "decisions"):
        assert told[part] == told[f"{part}_recorded"] != None  # noqa: E711 - in a chain
    code, out, _ = replay(problem, "--at", AT.isoformat())
    assert (code, out.split()[-1]) == (0, "True")


@both
@pytest.mark.parametrize(("tamper", "part"), [(another_digest, "scores"), (another_score, "scores in lake")])
def test_a_tampered_score_is_found_out(replay, provider, problem, tamper, part):
    lake, database, _ = provider
    with tamper(lake, database, *SCORED[problem]):
        code, out, err = replay(problem, "--at", AT.isoformat(), "--json")
    assert (code, json.loads(out)["is_as_it_was"]) == (1, False)
    assert err.startswith(f"The tick at {AT:%Y-%m-%d %H:%M} UTC is not as it was: {part} differ from the record.")


@both
def test_an_instant_without_a_tick_is_said_so(replay, problem):
    code, out, err = replay(problem, "--at", (AT - timedelta(hours=2)).isoformat(), "--json")
    assert (code, out) == (1, "")
    assert err.startswith("There was no tick at 2026-03-03 07:00:00 UTC; `opsguard tick ")


def test_ticks_of_other_problems_cannot_be_computed_again(replay):
    code, _, err = replay("no_show", "--at", AT.isoformat())
    assert code == 2
    assert "--at recomputes ticks of sla_breach and device_failure, not of no_show." in err


def train(database, home, problem):
    """Leaves a model behind that learned up to the beginning of the world; nothing here asks it."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier().fit([[0.0], [1.0]], [False, True])
    model = LearnedModel("boosting", f"{START:%Y-%m-%dT%H:%M:%S}", ("silence_minutes",), Estimator(fitted), IDENTITY)
    keep(ModelCatalog(Registry(Place("", home / "mlflow")), Champions(database)), problem, START, [model])


ENTITIES = {"sla_breach": "ticket", "device_failure": "device", "no_show": "shift", "work_order_late": "order"}


@pytest.mark.parametrize("problem", ENTITIES)
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


@pytest.mark.parametrize("problem", ENTITIES)
@pytest.mark.parametrize("name", ["evaluate", "replay"])
def test_without_a_model_the_way_to_one_is_said(request, name, problem):
    code, out, err = request.getfixturevalue(name)(problem, "--from", "2026-03-02", "--to", "2026-03-03", "--json")
    assert (code, out) == (1, "")
    assert err.startswith("No model was trained on what was known by 2026-03-02 00:00 UTC.")
    assert f"`opsguard train {problem} --until 2026-03-02T00:00Z` first" in err
