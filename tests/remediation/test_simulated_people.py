"""People of the simulated provider answer what they are offered, when their moment has come; real people never do."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import SimulatorSource
from opsguard_assets.intake.readers.simulated import heed
from opsguard_assets.remediation.actions.simulated_people import answer_offers, next_answer_at
from opsguard_assets.simulator.answering import SILENT_SHARE, YES, Offered, answers
from opsguard_assets.simulator.interventions import TAKE_OVER, TAKES_SHARE
from opsguard_assets.simulator.settings import SimulationSettings
from resources.sql import statement
from tests.alerts.given import NOON
from tests.remediation.test_promises import START, advanced, offering

MINUTE = timedelta(minutes=1)
PEOPLE = {"kind": "files", "name": "hr", "path": "x/*.csv", "feeds": [{"table": "people", "same_names": True}]}


def offered(number):
    """The same person is asked about as many shifts, each for ten minutes."""
    until = NOON + 10 * MINUTE
    rows = [(n, f"R0-S{n:04d}gate-0@2026-03-02", "R0-G00003", NOON, until) for n in range(number)]
    return Offered.cast(pl.DataFrame(rows, schema=list(Offered.columns()), orient="row"))


def test_people_of_the_twin_answer_as_often_as_planted_and_before_the_time_is_over():
    offers = offered(4_000)
    found = answers(SimulationSettings(), offers)
    assert found.filter(answer=YES).height / 4_000 == pytest.approx(TAKES_SHARE, abs=0.03)
    assert 1 - found.height / 4_000 == pytest.approx((1 - TAKES_SHARE) * SILENT_SHARE, abs=0.03)
    assert found["at"].is_between(NOON, NOON + 9 * MINUTE).all()
    assert found["at"].n_unique() > 300
    again = answers(SimulationSettings(), offers.reverse())
    assert again.equals(found), "the same offer gets the same answer, whatever else is asked"
    assert answers(SimulationSettings(), offers.with_columns(entity_id=pl.lit("R1@2026-03-02"))).is_empty()


@pytest.fixture
def asked(at, tmp_path):
    """The first of two people, in the twin's world, is asked for a shift that they will take."""
    source = {"kind": "simulator", "name": "twin", "folder": str(tmp_path / "simulated")}
    settings = at.place.settings.model_copy(update={"sources": (SimulatorSource.model_validate(source),)})
    (tmp_path / "simulated").mkdir()
    (tmp_path / "simulated" / "manifest.json").write_text(
        f'{{"settings": {{"starts_at": "2026-01-01T00:00:00Z"}}, "until": "{NOON.isoformat()}"}}', encoding="utf-8"
    )
    at.place = replace(at.place, settings=settings)
    at.execution = offering(at)
    shifts = offered(40)
    takes = answers(SimulationSettings(), shifts).filter(pl.col("answer") == YES)["offer_id"][0]
    at.shift = shifts.filter(offer_id=takes)["entity_id"].item()
    with at.place.database.begin() as connection:
        moved = "UPDATE shift_offers SET shift_id = :shift, person_id = 'R0-G00003'"
        connection.execute(text(moved), {"shift": at.shift})
        connection.execute(text("UPDATE notices SET person_id = 'R0-G00003' WHERE kind = 'offer'"))
    return at


def arrives(at):
    """The message that asks has arrived when it was asked."""
    at.deliver()
    with at.place.database.begin() as connection:
        connection.execute(text("UPDATE effects SET settled_at = :at WHERE kind = 'message'"), {"at": START})


def given(at):
    return [row["answer"] for row in at.rows("SELECT answer FROM shift_offers")]


def test_somebody_answers_at_their_own_moment_once_their_message_has_arrived(asked):
    place = asked.place
    assert next_answer_at(place.database, place.settings) is None, "nothing has reached them"
    arrives(asked)
    moment = next_answer_at(place.database, place.settings)
    assert START < moment < START + 9 * MINUTE
    assert answer_offers(place.database, place.settings, moment - MINUTE / 60) == 0
    assert given(asked) == [None]
    late = (moment - START) / MINUTE + 30
    advanced(asked, late)
    (row,) = asked.rows("SELECT answer, answered_at FROM shift_offers")
    assert row == {"answer": YES, "answered_at": moment}, "also where nobody looked for a while"
    assert next_answer_at(place.database, place.settings) is None
    assert heed(place.settings.sources[0], place.database) == 1
    done = pl.read_parquet(f"{place.settings.sources[0].folder}/interventions/playbooks.parquet")
    assert done.rows() == [(TAKE_OVER, asked.shift, "R0-G00003", moment)]


def test_nobody_answers_for_people_who_may_be_real(asked):
    arrives(asked)
    place = asked.place
    sources = [*place.settings.model_dump(mode="json")["sources"], PEOPLE]
    for real in ({"sources": sources}, {"sources": sources[1:]}, {}):
        settings = Settings.model_validate(real)
        assert next_answer_at(place.database, settings) is None
        assert answer_offers(place.database, settings, START + 9 * MINUTE) == 0
    assert given(asked) == [None]


def test_open_offers_are_found_by_their_index(asked):
    with asked.place.database.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        explained = text("EXPLAIN " + str(statement("opsguard_assets.remediation.actions.offering", "offers/reached")))
        plan = "\n".join(connection.execute(explained).scalars())
    assert "open_offers" in plan
