"""What settings of the whole installation do: definitions, housekeeping, trainings, money, alerts, ticket systems."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import dagster as dg
import polars as pl
from sqlalchemy import make_url

from ml.evaluation.money import cost_curve, ledger
from opsguard_assets import housekeeping
from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.build import build_defs
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import SimulatorSource
from opsguard_assets.domains import problems_of
from opsguard_assets.models import model_assets
from opsguard_assets.models import train as training
from opsguard_assets.tickets.escalation.helpdesk import ticket_system_of
from resources.ticket_system.change import Cancellation
from tests.alerts.given import finding
from tests.alerts.given import frame as frame_of
from tests.config.consequences.given import NOW, STORES, AskedError, Seen, Unlocked, lake_of, stop
from tests.resources.ticket_system.desk import (
    COMMENT,
    OPENING,
    RECALL,
    REMEMBER,
    UPDATE,
    WORDS,
    DeskDatabase,
    change,
    created,
    new_ticket,
)
from tests.resources.ticket_system.receiver import SECRET, TOKEN, Receiver


def housekeeping_asked(settings: Settings) -> Seen:
    """Until when the daily job deletes what."""
    asked: dict[str, str] = {}

    def noting(name: str, result: object) -> Callable[..., object]:
        def note(*arguments: object, **more: object) -> object:
            days = [date.fromisoformat(str(each)[:10]) for each in arguments if isinstance(each, date)]
            asked[name] = repr((days, more))
            return result

        return note

    noted = {
        "tidy": [],
        "prune": 0,
        "delete_runs": 0,
        "delete_accepted": 0,
        "forget_scores": {},
        "forget_used": 0,
        "release": [],
    }
    resources = {"lake": lake_of("housekeeping"), "database": Unlocked()}
    job = housekeeping.keep_house_job("keep_house_job", _fed(settings))
    with patch.multiple(housekeeping, **{name: noting(name, result) for name, result in noted.items()}):
        hardcoded = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in resources.items()}
        defs = dg.Definitions(jobs=[job], resources=hardcoded)
        with dg.DagsterInstance.ephemeral() as instance:
            assert defs.resolve_job_def(job.name).execute_in_process(instance=instance).success
    return asked


def _fed(settings: Settings) -> Settings:
    """The settings with a source of all tables."""
    simulator = SimulatorSource(kind="simulator", folder="nowhere")
    return settings.model_copy(update={"sources": (simulator,)})


def definitions(settings: Settings) -> Seen:
    """The jobs and schedules of an installation."""
    defs = build_defs(settings=_fed(settings), resources={})
    zones = {schedule.name: schedule.execution_timezone for schedule in defs.schedules or ()}
    return zones, sorted(job.name for job in defs.resolve_all_job_defs())


def training_asked(settings: Settings) -> Seen:
    """What a training is asked to do: who competes, and what tuning may cost."""
    problem = problems_of(settings)["no_show"]
    order_ = model_assets.order_of(problem, settings, NOW)
    with patch.object(training, "train", stop):
        try:
            training.train_problem(problem, lake_of("training"), None, order_)
        except AskedError as asked:
            (_, _, competing), more = asked.args
            return [each.name for each in competing], more["budget"].seconds, more["budget"].trials
    raise AssertionError("nothing was trained")


def costs(settings: Settings) -> Seen:
    """What every threshold would have cost, problem by problem."""
    scored = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "as_of": [NOW] * 4,
            "risk": [0.2, 0.5, 0.7, 0.9],
            "is_event": [False, True, False, True],
            "lead_minutes": [None, 45.0, None, 300.0],
        }
    )
    return {
        name: cost_curve(ledger(scored, problem.costs, key="id")).write_json()
        for name, problem in problems_of(settings).items()
    }


def thresholds(settings: Settings) -> Seen:
    """The risks that each problem's figures, gates and replays are told at, and how its alerts clear."""
    lake = lake_of("problems")
    problems = problems_of(settings).values()
    return [(p.alert_from, p.hysteresis, p.dataset(lake, NOW).task.acting_from) for p in problems]


def reopened(settings: Settings) -> Seen:
    """What becomes of a condition that returns a quarter of an hour after its alert cleared."""
    database, found = STORES[0].migrated(), [frame_of(finding()), frame_of(), frame_of(finding())]
    watched = Watched(
        Monitor("tests", ("sla_breach_risk",)), dg.AssetKey("watched"), "tickets", (), "Tests.",
        lambda _lake, _database, as_of: found[(as_of - NOW) // timedelta(minutes=15)],
    )  # fmt: skip
    decided = []
    with dg.DagsterInstance.ephemeral() as instance:
        for number in range(3):
            moment = (NOW + timedelta(minutes=15 * number)).isoformat()
            done = dg.materialize(
                [monitor_asset(watched, settings)],
                instance=instance,
                resources={"lake": lake_of("alerts"), "database": database},
                run_config={"ops": {"watched": {"config": {"as_of": moment}}}},
            )
            decided += [each.description for each in done.get_asset_check_evaluations()]
    return decided


SQL = {
    "url": "${DESK}",
    "update": UPDATE,
    "further": [
        COMMENT,
        "INSERT INTO comments (ticket, said) VALUES (:ticket_id, current_setting('statement_timeout'))",
    ],
    "remember": REMEMBER,
    "recall": RECALL,
    "create": OPENING["create_by"],
    "cancel": OPENING["cancel_by"],
    "priorities": WORDS,
    "timeout_seconds": 5,
}
WEBHOOK = {
    "url": "${DESK}",
    "signing_secret": "${SECRET}",
    "token": "${TOKEN}",
    "timeout_seconds": 0.1,
    "attempts": 3,
    "backoff_seconds": 0.01,
    "longest_wait_seconds": 1,
}
# Setting -> another value.
OTHER_SQL = {
    "url": "${OTHER}",
    "update": f"{UPDATE} AND priority = 'P1'",
    "further": [COMMENT],
    "remember": REMEMBER.replace(":key", ":key || '!'"),
    "recall": "SELECT 1 WHERE :key = 'k1'",
    "create": OPENING["create_by"].replace("'open'", "'new'"),
    "cancel": OPENING["cancel_by"].replace("'cancelled'", "'void'"),
    "created": "SELECT 1 WHERE :key = 'k2'",
    "priorities": {**WORDS, "high": "P0"},
    "timeout_seconds": 7,
}
OTHER_WEBHOOK = {
    "url": "${OTHER}",
    "signing_secret": "${OTHER_SECRET}",
    "token": "${OTHER_SECRET}",
    "timeout_seconds": 2,
    "attempts": 2,
    "backoff_seconds": 0.2,
    "longest_wait_seconds": 9,
}


def with_desk(kind: str, name: str = "", value: object = None) -> Settings:
    """Settings with a ticket system, of which one setting may have another value."""
    desk = {"kind": kind, **{"sql": SQL, "webhook": WEBHOOK}[kind]}
    return Settings.model_validate({"ticket_system": {**desk, **({name: value} if name else {})}})


def sql_desk(settings: Settings) -> Seen:
    """What a change leaves in the helpdesk's database."""
    desk, other = created(STORES[0].server), created(STORES[0].server)
    variables = {"DESK": psycopg(desk), "OTHER": psycopg(other)}
    system = ticket_system_of(settings.ticket_system, variables)
    answer = system.apply(change())
    opened = system.create(new_ticket())
    first = desk.rows("SELECT status FROM tickets WHERE id > 9")
    cancelled = system.cancel(Cancellation(key="k3", created_key="k2", reason="it was undone", as_of=NOW))
    left = [
        desk.rows("SELECT priority, assignee FROM tickets WHERE id = 1"),
        [first, desk.rows("SELECT status FROM tickets WHERE id > 9"), opened.words, cancelled.words],
        desk.rows("SELECT ticket, said FROM comments"),
        desk.rows("SELECT idempotency_key, ticket_id FROM opsguard_applied"),
    ]
    return answer.words, left


def psycopg(desk: DeskDatabase) -> str:
    """The address of a helpdesk's database, as SQLAlchemy wants it."""
    return make_url(desk.url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def webhook_desk(settings: Settings) -> Seen:
    """What a helpdesk that is busy, slow, or asks to wait gets to see, and how long is waited."""
    seen = []
    for orders in ([503] * 9, [(429, {"Retry-After": "3"})], ["slow"]):
        waits: list[float] = []
        random.seed(1)
        with (
            Receiver(*orders, slow_seconds=0.4) as receiver,
            patch("tenacity.nap.time", SimpleNamespace(sleep=waits.append)),
        ):
            variables = {"DESK": receiver.url, "OTHER": "http://127.0.0.1:9/nobody", "SECRET": SECRET, "TOKEN": TOKEN}
            variables["OTHER_SECRET"] = "another"
            answer = ticket_system_of(settings.ticket_system, variables).apply(change())
            headers = [each.get("Authorization") for each, _ in receiver.requests]
            seen.append((str(answer.outcome), answer.words, headers, [round(wait, 6) for wait in waits]))
    return seen
