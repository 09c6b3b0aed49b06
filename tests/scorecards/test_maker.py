"""Scorecards are made of a snapshot: again the same, whatever came since, and one client's failure stops nobody."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from opsguard_assets.alerts.feedback import give_feedback
from opsguard_assets.alerts.lifecycle import Monitor, lock_alerts, prune, settle
from opsguard_assets.alerts.people import acknowledge, reopen_resolved, resolve
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.alerts.withdraw import undo_ticks
from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.people import merge
from opsguard_assets.scorecards.card.digest import canonical
from opsguard_assets.scorecards.card.io import NoCardError, read_cards
from opsguard_assets.scorecards.card.likely import RISK
from opsguard_assets.scorecards.forms.reading_io import disagreements
from opsguard_assets.scorecards.kpis.io import compute, keep, signed_months
from opsguard_assets.scorecards.kpis.schemas import PAST
from opsguard_assets.scorecards.signing import snapshots_io
from opsguard_assets.scorecards.signing.diff import differences
from opsguard_assets.scorecards.signing.maker_io import LakeMaker
from resources.withdrawn import begin
from tests.alerts.given import finding, frame
from tests.scorecards.kpis.worlds import NOW, record, utc, world
from tests.views.given import put_incident

MONTH = date(2026, 11, 1)
HOUR = timedelta(hours=1)
SETTINGS = Settings.model_validate({"scorecards": {"clients": {"b": {"language": "de"}}}})


def ticket(name, client, *, hours):
    opened = utc(2026, 11, 10, 9)
    ended = opened + hours * HOUR
    return {
        "ticket_id": name, "client_id": client, "site_id": f"{client}1", "priority": "critical", "status": "closed",
        "opened_at": opened, "first_response_at": opened, "resolved_at": ended, "closed_at": ended,
        "updated_at": ended,
    }  # fmt: skip


def tables(*, more=()):
    tickets = [ticket("t1", "a", hours=1), ticket("t2", "a", hours=30), ticket("t3", "b", hours=2)]
    return [*tickets, *more]


def taken(maker, lake, database, now):
    keep(lake, compute(lake, database, SETTINGS, now), signed_months(database))
    return snapshots_io.take(lake, database, maker, MONTH, as_of=now, now=now)


@pytest.fixture(scope="module")
def house(tmp_path_factory, databases):
    """A lake, a database, what makes cards of them, and the snapshot of before anything came late."""
    lake, database = world(tmp_path_factory.mktemp("house") / "lake", tickets=tables()), databases.migrated()
    maker = LakeMaker(lake, database, SETTINGS, "test")
    yield lake, database, maker, taken(maker, lake, database, NOW)
    databases.drop(database)


def in_time(card):
    return next(one for one in card.measures if one.kpi == "sla_performance")


def test_each_client_has_a_card_and_the_provider_one_of_all(house):
    _, _, maker, snapshot = house
    made = {one.client_id: one.card for one in maker.cards(snapshot, None)}
    assert {name: (in_time(card).numerator, in_time(card).denominator) for name, card in made.items()} == {
        "a": (1, 2), "b": (1, 1), "": (2, 3),
    }  # fmt: skip
    assert [each.name for each in made["a"].sites] == ["A 1"]
    assert (made["a"].language, made["b"].language) == ("en", "de")
    assert made[""].client_name == "All clients"
    assert made["a"].origin.models["sla_breach"] == "rule"


def test_the_provider_s_card_says_what_comes_first_at_all_clients_and_how_good_predictions_were_together(house):
    lake, database, maker, snapshot = house
    read = read_cards(lake, database, SETTINGS, MONTH, NOW)
    risks = [
        (client, "ticket", f"{client}{n}", f"{client}{n}", None, 0.9, NOW + (n + late) * HOUR, "move_ticket")
        for client, late in (("a", 0), ("b", 0.5))
        for n in range(6)
    ]
    quality = [
        ("a", MONTH, "sla_breach", 10, 8, 7.5, 0.1, 0.2, "7"),
        ("b", MONTH, "sla_breach", 5, 1, 3.5, 0.3, 0.1, "7"),
    ]
    likely = pl.DataFrame(risks, schema=RISK, orient="row")
    predictions = pl.DataFrame(quality, schema=read.predictions.schema, orient="row")
    origin = maker.cards(snapshot, ["a"])
    made = replace(read, likely=likely, predictions=predictions).compose(next(origin).card.origin, [""])
    card = next(made).card
    assert [each.entity_id for each in card.likely] == ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]
    (together,) = card.predictions
    assert (together.announced, together.came_true, together.expected) == (15, 9, 11)
    assert together.brier is None, "a mean over clients of different size is none of all"


def test_a_snapshot_makes_the_same_card_again_whatever_came_since(house):
    lake, database, maker, snapshot = house
    (before,) = maker.cards(snapshot, ["a"])
    record(lake, "tickets", [ticket("t4", "a", hours=90)], at=NOW + HOUR)
    later = taken(maker, lake, database, NOW + 2 * HOUR)
    (after,) = maker.cards(later, ["a"])
    assert in_time(after.card).denominator == Decimal(3)
    (again,) = LakeMaker(lake, database, SETTINGS, "test").cards(snapshot, ["a"])
    assert canonical(again.card) == canonical(before.card)
    assert set(maker.rows(snapshot, "a")["client_id"]) == {"a"}


def test_a_client_that_fails_does_not_stop_the_others(house):
    _, _, maker, snapshot = house
    made = list(maker.cards(snapshot, ["nobody", "b"]))
    assert made[0].card is None
    assert "no client 'nobody' is known" in made[0].error
    assert made[1].card is not None


def test_a_card_has_five_forms(house):
    _, _, maker, snapshot = house
    (one,) = maker.cards(snapshot, ["a"])
    files = maker.files(one.card, maker.rows(snapshot, "a"))
    assert list(files) == ["pdf", "xlsx", "html", "json", "csv"]
    assert files["pdf"].startswith(b"%PDF")
    assert b"A 1" in files["html"]


def test_forms_read_back_say_what_their_card_says_and_not_what_another_one_does(house):
    _, _, maker, snapshot = house
    (one,) = maker.cards(snapshot, ["a"])
    rows = maker.rows(snapshot, "a")
    assert maker.disagreements(one.card, rows) == []
    files = maker.files(one.card, rows)
    assert disagreements(one.card, files) == []
    # A comma before decimals is no other figure.
    assert maker.disagreements(one.card.model_copy(update={"locale": "en_ZA"}), rows) == []
    first, *others = (each for each in one.card.measures if each.value is not None)
    changed = one.card.model_copy(update={"measures": (first.model_copy(update={"value": first.value + 1}), *others)})
    found = disagreements(changed, files)
    assert [words.split()[0] for words in found] == list(files)
    assert all(f"for {first.kpi}, which is {first.value + 1}" in words for words in found)


def test_a_month_that_is_not_computed_is_refused(house):
    lake, database, maker, _ = house
    long_ago = snapshots_io.take(lake, database, maker, date(2020, 1, 1), as_of=NOW, now=NOW)
    with pytest.raises(NoCardError, match="2020-01 is not one of the months"):
        list(maker.cards(long_ago, None))


def seen(number, *entities):
    """One tick of a monitor, so many hours into the month: what it finds."""
    monitor = Monitor("tests", ("sla_breach_risk",))
    rows = [finding(entity, "high", client_id="a", site_id="a1") for entity in entities]
    return lambda database: settle(database, frame(*rows), monitor, utc(2026, 11, 1) + number * HOUR)


def numbers_of(database):
    every = alerts(database, states=("open", "acknowledged", "resolved"), limit=None)
    return {row["entity_id"]: row["alert_id"] for row in every}


def later_actions(database):
    """Everything that people and machines may do to old alerts after a month was made."""
    numbers = numbers_of(database)
    at = NOW + HOUR
    with database.begin() as connection:
        give_feedback(connection, list(numbers.values()), "wrong", at=at, actor="ada", surface="cli")
        assert reopen_resolved(connection, numbers["t1"], at=at, actor="ada", note="not over at all")
    one, other = (put_incident(database, [numbers[name]], group_key=name, client_id="a") for name in ("t2", "t3"))
    merge(database, one, other, at=at, actor="ada", note="the same trouble")
    acknowledge(database, numbers["t2"], at=at, actor="ada", note="looked at it")
    resolve(database, numbers["t3"], at=at, actor="ada", note="done")
    seen(31 * 24, "t2")(database)
    with database.begin() as connection:
        lock_alerts(connection)
        since = utc(2026, 11, 9)
        undo_ticks(connection, "tests", begin(connection, "tests", since, actor="ada", reason="a wrong clock"))
    late = NOW + 100 * HOUR
    assert prune(database, late, late)


def test_a_month_is_made_again_to_the_digit_whatever_happens_to_its_alerts_afterwards(database, tmp_path):
    lake = world(tmp_path / "lake", tickets=tables())
    seen(24, "t1")(database)
    resolve(database, numbers_of(database)["t1"], at=utc(2026, 11, 2, 1), actor="ada", note="done")
    for tick in (seen(26), seen(240, "t2", "t3"), seen(24 * 29, "t2", "t3")):
        tick(database)
    first = LakeMaker(lake, database, SETTINGS, "test")
    snapshot = taken(first, lake, database, NOW)
    (before,) = first.cards(snapshot, ["a"])
    counted = {one.kpi: one.denominator for one in before.card.measures}
    assert counted["repeat_incidents"] == 3, "alerts are in the card"
    later_actions(database)
    (again,) = LakeMaker(lake, database, SETTINGS, "test").cards(snapshot, ["a"])
    assert canonical(again.card) == canonical(before.card)
    # Were the database asked once more, the month would say something else.
    versions = {name: version for name, version in snapshot.versions.items() if name != PAST.derived_name}
    (asked,) = LakeMaker(lake, database, SETTINGS, "test").cards(replace(snapshot, versions=versions), ["a"])
    assert differences(before.card, asked.card)
