"""Features and labels know nothing of what came later, and agree with slow, obvious counting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.evaluation.evaluate import evaluate
from ml.problems.sla_breach.features import FEATURES, features
from ml.training.candidates.every import candidates
from ml.training.train import train
from ml.training.tuning import Budget
from opsguard_assets.models.monitoring import monitor, prevented
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.learning.dataset import TASK, TicketDataset
from opsguard_assets.tickets.sla.clock_history import readings_at, valid
from opsguard_assets.tickets.sla.snapshot_io import history_of
from resources.lake import Lake
from tests.long import long
from tests.tickets.provider_records import FED, record

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=30)
LEARNED = START + timedelta(days=20)
OPEN = ("new", "open", "in_progress", "on_hold")


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    settings = SimulationSettings(seed=4, starts_at=START, sites=10, agents=24, tickets_per_day=60, load=1.0)
    world = simulate(settings, END).tables
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    for name in FED:
        record(lake, name, world[name], END)
    return history_of(lake)


@pytest.fixture(scope="module")
def dataset(history):
    return TicketDataset.of(history, END)


def described(dataset, as_of):
    """The features of every ticket that could be acted on at a moment."""
    alive = dataset.lives.filter((pl.col("begins_at") <= as_of) & (pl.col("ends_at") > as_of))
    moments = alive.select("ticket_id", as_of=pl.lit(as_of, pl.Datetime("us", "UTC"))).sort("ticket_id")
    return features(dataset.known, readings_at(moments, dataset.clocks, dataset.calendars))


@pytest.mark.parametrize("days", [2.3, 9.5, 21.77])
def test_features_do_not_change_when_everything_later_is_taken_away(history, dataset, days):
    as_of = START + timedelta(days=days)
    then = TicketDataset.of(history, as_of)
    alive = then.lives.filter(pl.col("ends_at") >= as_of).select("ticket_id")
    moments = alive.with_columns(as_of=pl.lit(as_of, pl.Datetime("us", "UTC"))).sort("ticket_id")
    assert len(moments) > 20
    told = [features(p.known, readings_at(moments, p.clocks, p.calendars)) for p in (dataset, then)]
    assert_frame_equal(*told)


def test_loads_and_arrivals_are_what_counting_finds(history, dataset):
    as_of = START + timedelta(days=12, hours=10)
    known = valid(history.tickets).filter(
        (pl.col("known_at") <= as_of) & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") > as_of))
    )
    rows = {row["ticket_id"]: row for row in known.iter_rows(named=True)}
    first = history.tickets.group_by("ticket_id").agg(pl.col("known_at").min())["known_at"].to_list()
    found = described(dataset, as_of)
    assert len(found) > 20
    for row in found.iter_rows(named=True):
        ticket = rows[row["ticket_id"]]
        same = [r for r in rows.values() if r["group_id"] == ticket["group_id"] and r["status"] in OPEN]
        assert row["open_of_group"] == (len(same) if ticket["group_id"] else None)
        assert row["arrivals_24h"] == sum(as_of - timedelta(hours=24) < at <= as_of for at in first)
        assert row["has_assignee"] == (ticket["assignee_id"] is not None)
        minutes = (as_of - ticket["updated_at"]).total_seconds() / 60
        assert row["minutes_since_change"] == pytest.approx(max(minutes, 0))


def test_the_time_in_a_status_is_counted_from_the_version_that_brought_it(history, dataset):
    as_of = START + timedelta(days=12, hours=10)
    versions = valid(history.tickets).filter(pl.col("known_at") <= as_of).sort("known_at")
    per_ticket = {name: rows for (name,), rows in versions.group_by("ticket_id", maintain_order=True)}
    found = described(dataset, as_of)
    assert found["status_rank"].n_unique() > 1
    for row in found.iter_rows(named=True):
        seen = list(per_ticket[row["ticket_id"]].select("status", "known_at").iter_rows())
        since = next(at for i, (status, at) in enumerate(seen) if all(s == seen[-1][0] for s, _ in seen[i:]))
        assert row["minutes_in_status"] == pytest.approx((as_of - since).total_seconds() / 60)


def test_work_is_watched_to_its_end_or_to_the_last_instant_of_knowledge(history, dataset):
    rows = dataset.watched().sample(200, seed=1)
    versions = valid(history.tickets).sort("known_at")
    per_ticket = {name: rows for (name,), rows in versions.group_by("ticket_id", maintain_order=True)}
    for row in rows.iter_rows(named=True):
        later = per_ticket[row["ticket_id"]].filter(pl.col("known_at") >= row["as_of"])
        ended = [at for status, at in later.select("status", "known_at").iter_rows() if status not in OPEN]
        end = min([*ended, END])
        assert row["watched_minutes"] == pytest.approx((end - row["as_of"]).total_seconds() / 60)
        if row["is_ended"]:
            assert end < END
            assert row["watchable_minutes"] == pytest.approx((END - row["as_of"]).total_seconds() / 60)
    assert rows["is_ended"].mean() > 0.5
    assert dataset.watched().drop_nulls("is_event").equals(dataset.training())


def test_late_rates_count_the_outcomes_that_were_known(dataset):
    as_of = START + timedelta(days=15)
    told = dataset.known.rates["all"].filter(pl.col("at") <= as_of).tail(1)
    expected = told["total"][0] / told["number"][0]
    assert described(dataset, as_of)["late_rate"].unique().to_list() == pytest.approx([expected])
    assert told["number"][0] == 500


@pytest.mark.parametrize("protocol", ["opening", "+2h", "elapsed:0.5", "every:4h"])
def test_an_evaluation_judges_by_tickets_whose_deadline_has_passed_and_by_no_others(history, dataset, protocol):
    until, young = START + timedelta(days=14), pl.col("begins_at") >= START + timedelta(days=7)
    early = TicketDataset.of(history, until)
    told = early.of_lives(early.lives.filter(young), protocol)
    later = dataset.of_lives(dataset.lives.filter(young, pl.col("begins_at") < until), protocol)
    mature = dataset.lives.filter(pl.col("settled_at") <= until).select("ticket_id")
    expected = later.join(mature, on="ticket_id", how="semi", maintain_order="left")
    assert len(expected) > 50
    assert 0 < expected["is_event"].mean() < 1
    assert_frame_equal(told, expected)
    ended = early.lives.filter(young, pl.col("settled_at") > until, pl.col("ends_at") < until)
    assert ended["is_event"].null_count() == len(ended) > 0


def test_what_acting_prevents_is_counted_of_tickets_whose_deadline_has_passed(history, dataset):
    until = START + timedelta(days=14)
    early = TicketDataset.of(history, until)
    treated = early.lives.select(entity_id="ticket_id", is_held_back=pl.int_range(pl.len()) % 3 == 0)
    mature = dataset.lives.filter(pl.col("settled_at") <= until).select(entity_id="ticket_id")
    assert prevented(early, treated) == prevented(dataset, treated.join(mature, on="entity_id", how="semi"))
    assert prevented(early, treated) != prevented(dataset, treated)


def test_labels_are_taken_of_tickets_whose_deadline_has_passed_only(history):
    until = START + timedelta(days=14)
    early, late = TicketDataset.of(history, until), TicketDataset.of(history, END)
    rows = early.training()
    assert rows["as_of"].max() < until
    truth = late.lives.select("ticket_id", truth="is_event")
    compared = rows.select("ticket_id", "is_event").unique().join(truth, on="ticket_id")
    assert (compared["is_event"] == compared["truth"]).mean() > 0.99
    assert rows["is_event"].null_count() == 0


def trained(history, competing):
    """What candidates learn from what was known after twenty days."""
    rows = TicketDataset.of(history, LEARNED).watched()
    some = rows.select("ticket_id").unique().sort("ticket_id").gather_every(3)
    rows = rows.join(some, on="ticket_id", how="semi", maintain_order="left")
    budget = Budget(seconds=0, trials=0, clock=lambda: 0.0)
    return train(rows, TASK, competing, until=LEARNED, budget=budget)


def of_few_rounds(candidate):
    fewer = {name: 5 for name in ("max_iter", "num_boost_round") if name in candidate.parameters}
    return replace(candidate, parameters={**candidate.parameters, **fewer})


def test_a_look_before_anything_new_is_known_says_that_it_is_too_early_whatever_the_model(history):
    dataset = TicketDataset.of(history, LEARNED)
    assert dataset.matured(LEARNED).is_empty()
    for each in trained(history, [of_few_rounds(each) for each in candidates()]):
        found = monitor(dataset, each.model, LEARNED)
        assert (found.skill_score.n, found.calibration_error) == (0, None), each.candidate
        assert each.model.reasons(dataset.matured(LEARNED)).to_list() == [], each.candidate


@long
def test_models_learned_from_the_past_beat_the_constant_on_what_followed(history, dataset):
    learned = trained(history, candidates())
    assert [each.candidate for each in learned][-1] == "hazard"
    following = dataset.of_lives(dataset.lives.filter(pl.col("begins_at") >= LEARNED), "+2h")
    for each in learned:
        assert set(each.model.features) <= set(FEATURES)
        figures = evaluate(following.with_columns(each.model.predict(following)))
        assert figures["roc_auc"] > 0.7, each.candidate
        assert figures["brier"] < figures["brier_constant"], each.candidate
