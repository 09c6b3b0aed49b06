"""A signed month stays as it was signed, by its bytes, its figures and its chain; later data make a restatement."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.scorecards.signing import house_io, signing_io, snapshots_io, store_io
from opsguard_assets.scorecards.signing.build_io import build, restate
from opsguard_assets.scorecards.signing.chain import broken
from opsguard_assets.scorecards.signing.signing_io import review, sign
from opsguard_assets.scorecards.signing.snapshots_io import SnapshotError, release
from opsguard_assets.scorecards.signing.store_io import ScorecardError, broken_links, newest, signings
from opsguard_assets.scorecards.signing.verify_io import verify
from resources.housekeeping import pinned, tidy
from resources.kept_files import FOLDER
from tests.resources.test_housekeeping import grow_older
from tests.scorecards.cards import AS_OF, MONTH
from tests.scorecards.houses import built, house_of
from tests.scorecards.makers import FIGURES

REFUSED = (
    "UPDATE scorecard_signings SET signed_by = 'eve'",
    "DELETE FROM scorecard_signings",
    "TRUNCATE scorecard_signings CASCADE",
    "UPDATE scorecards SET figures = '{}', digest = encode(sha256('{}'), 'hex')",
    "UPDATE scorecards SET signed_by = 'eve'",
    "DELETE FROM scorecards",
    "DELETE FROM scorecard_files",
    "UPDATE scorecard_files SET digest = 'x'",
    (
        "INSERT INTO scorecard_signings SELECT 2, client_id, month, 1, digest, signed_by, signed_at, reason, link, "
        "repeat('1', 64) FROM scorecard_signings"
    ),
)
FORGED = {
    "UPDATE scorecard_signings SET signed_by = 'eve' WHERE place = 1": "place 1: who, when, what or why",
    "DELETE FROM scorecard_signings WHERE place = 1": "place 2: a signing before it is missing",
    "DELETE FROM scorecard_signings WHERE place = 2": "the end was cut off",
    (
        "UPDATE scorecards SET figures = ' ' || figures, digest = encode(sha256(convert_to(' ' || figures, 'UTF8')), "
        "'hex') WHERE client_id = 'C1'"
    ): "place 1: the figures are not those",
}
LATER = AS_OF + timedelta(days=9)


@pytest.fixture
def house(database, tmp_path):
    return house_of(database, tmp_path / "a lake")


def signed(house, client="C1", who="ada"):
    built(house)
    return sign(house, client, MONTH, who=who)


def failed(house, client="C1", number=None):
    return {each.name: each.words for each in verify(house, client, MONTH, number=number) if each.passed is False}


def executed(house, words):
    with house.database.begin() as connection:
        connection.execute(text(words))


def test_a_draft_follows_the_data_and_a_build_that_finds_nothing_new_changes_nothing(house):
    assert built(house).results == {"C1": "built", "C2": "built"}
    review(house, "C1", MONTH, by="bob")
    first = newest(house.database, "C1", MONTH)
    assert built(house).results == {"C1": "unchanged", "C2": "unchanged"}
    assert newest(house.database, "C1", MONTH) == first
    house.maker.write(C1=[True, True], C2=[True, True, True])
    assert built(house).results == {"C1": "built", "C2": "unchanged"}
    second = newest(house.database, "C1", MONTH)
    assert (first.status, second.status, second.reviewed_by) == ("reviewed", "draft", None)
    assert second.card.measures[0].value == 100


def test_what_fails_for_one_client_stops_no_other_and_is_named(house):
    house.maker.failing = {"C1"}
    done = built(house)
    assert done.results == {"C1": "failed", "C2": "built"}
    assert done.errors == {"C1": "its zone is unknown"}


def test_a_signed_scorecard_is_proven_by_chain_signature_bytes_and_figures_made_again(house):
    one = signed(house)
    assert (one.status, one.signed_by, one.card.seal.link) == ("signed", "ada", one.link)
    found = {each.name: each.passed for each in verify(house, "C1", MONTH)}
    assert found == dict.fromkeys(
        ["chain", "signed", "figures.json", "minisig", "pdf", "xlsx", "figures", "bytes"], True
    )  # fmt: skip
    assert sign(house, "C1", MONTH, who="bob").signed_by == "ada"
    assert len(signings(house.database)) == 1


def test_later_data_changes_no_signed_figure_and_a_restatement_names_each_with_its_rows(house):
    signed(house)
    house.maker.write(C1=[True, True, False], C2=[True, True, True])
    done = built(house)
    assert (done.results["C1"], done.late) == ("frozen", {"C1": 1})
    assert newest(house.database, "C1", MONTH).card.measures[0].value == 50
    assert failed(house) == {}
    with pytest.raises(ScorecardError, match="needs a reason"):
        restate(house, "C1", MONTH, reason=" ", as_of=LATER, by="bob")
    again = restate(house, "C1", MONTH, reason="a ticket came late", as_of=LATER, by="bob")
    (change,) = again.card.restated
    assert (again.number, again.status, again.card.reason) == (1, "draft", "a ticket came late")
    assert (change.before, change.after) == (50, Decimal("66.666667"))
    assert change.rows == ("ticket T1 changed", "ticket T2 added")
    sign(house, "C1", MONTH, who="ada")
    assert [failed(house, number=number) for number in (0, 1)] == [{}, {}]
    assert [each.reason for each in signings(house.database)] == ["", "a ticket came late"]


def test_the_draft_of_a_restatement_follows_the_data_too(house):
    signed(house)
    house.maker.write(C1=[True, True], C2=[True])
    restate(house, "C1", MONTH, reason="late", as_of=LATER, by="bob")
    house.maker.write(C1=[True, True, True, False], C2=[True])
    assert built(house).results["C1"] == "built"
    one = newest(house.database, "C1", MONTH)
    assert (one.number, one.card.reason, one.card.restated[0].after) == (1, "late", 75)


def test_where_nothing_has_changed_there_is_nothing_to_restate(house):
    signed(house)
    with pytest.raises(ScorecardError, match="no figure has changed"):
        restate(house, "C1", MONTH, reason="to be sure", as_of=LATER, by="bob")
    with pytest.raises(ScorecardError, match="follows the data"):
        restate(house, "C2", MONTH, reason="to be sure", as_of=LATER, by="bob")


def test_what_a_signed_month_was_made_of_survives_housekeeping_and_what_nobody_signed_is_released(house):
    signed(house)
    house.maker.write(C1=[True], C2=[True])
    built(house)
    for _ in range(3):
        house.maker.write(C1=[False], C2=[True])
    house.now.at += timedelta(days=89)
    assert release(house.database, house.now()) == []
    house.now.at += timedelta(days=2)
    assert len(release(house.database, house.now())) == 1
    grow_older(house.lake, days=91)
    tidy(house.lake, house.maker.tables, house.database, retention_days=30)
    assert pinned(house.database) == {name: [0] for name in house.maker.tables}
    assert failed(house) == {}
    with pytest.raises(SnapshotError, match="released"):
        sign(house, "C2", MONTH, who="ada")


def test_what_was_removed_before_it_could_be_pinned_is_not_signed(house):
    built(house)
    for file in (Path(house.lake.uri) / FIGURES).glob("*.parquet"):
        file.unlink()
    with pytest.raises(SnapshotError, match=f"version 0 of {FIGURES} cannot be read"):
        sign(house, "C1", MONTH, who="ada")
    assert signings(house.database) == []


def test_four_eyes_sign_only_what_somebody_else_has_reviewed(house):
    house = replace(house, settings=Scorecards(four_eyes=True))
    built(house)
    with pytest.raises(ScorecardError, match="nobody has reviewed"):
        sign(house, "C1", MONTH, who="ada")
    review(house, "C1", MONTH, by="ada")
    with pytest.raises(ScorecardError, match="who reviewed it cannot"):
        sign(house, "C1", MONTH, who="ada")
    assert sign(house, "C1", MONTH, who="bob").status == "signed"


@pytest.mark.parametrize("more", [{"is_provisional": True}, {"month": AS_OF.date().replace(day=1)}], ids=str)
def test_a_month_that_is_not_complete_is_not_signed(house, more):
    house.maker.more = more
    month = more.get("month", MONTH)
    build(house, month, as_of=AS_OF, by="job")
    with pytest.raises(ScorecardError, match=r"data do not reach|has not ended"):
        sign(house, "C1", month, who="ada")


def test_the_database_refuses_to_change_what_is_signed(house):
    signed(house)
    for words in REFUSED:
        with pytest.raises(DBAPIError, match="stays as it is"):
            executed(house, words)


def test_what_an_owner_forges_with_triggers_off_is_named(house):
    signed(house)
    signed(house, "C2")
    assert broken_links(house.database) == []
    for words, named in FORGED.items():
        with house.database.begin() as connection:
            connection.execute(text(f"SET LOCAL session_replication_role = replica; {words}"))
            rows = connection.execute(text("SELECT * FROM scorecard_chain_broken")).all()
            assert any(named in f"place {row.place}: {row.reason}" for row in rows), words
            connection.rollback()


def test_the_link_on_a_page_shows_a_chain_whose_end_was_cut_off_and_forged_anew(house):
    printed = signed(house, "C1").card.seal.link
    chain = signings(house.database)
    assert broken(chain, printed) == []
    assert broken([], printed) == [(0, "the link that was printed is not in the chain: its end was cut off or forged")]


def test_a_kept_file_that_was_changed_or_lost_is_named(house):
    one = signed(house)
    with house.database.begin() as connection:
        files = store_io.files_of(connection, one, "signed")
    folder = Path(house.lake.uri) / FOLDER
    (folder / files["pdf"]["digest"]).write_bytes(b"%PDF another one")
    (folder / files["xlsx"]["digest"]).unlink()
    found = failed(house)
    assert set(found) == {"pdf", "xlsx"}
    assert "bytes have changed" in found["pdf"]


def test_figures_that_cannot_be_made_again_are_named_one_by_one(house):
    signed(house)
    house.maker.more = {"client_name": "Another name"}
    assert failed(house)["figures"] == "made again, they differ: client_name"


def test_another_version_that_renders_other_bytes_of_the_same_figures_says_so(house):
    signed(house)
    house.maker.made_by = "test 2"
    found = {each.name: (each.passed, each.words) for each in verify(house, "C1", MONTH)}
    assert found["figures"][0]
    assert found["bytes"][0] is None
    assert found["bytes"][1].startswith("the same figures, rendered by another version: test 1; here test 2")


def test_many_who_sign_at_once_make_one_chain(house):
    house.maker.write(**{f"C{number}": [True] for number in range(6)})
    built(house)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: sign(house, f"C{number}", MONTH, who="ada"), range(6)))
    assert broken_links(house.database) == broken(signings(house.database)) == []
    assert len(signings(house.database)) == 6


class DiesError(BaseException):
    """Ends a process in the middle; nothing handles it."""


POINTS = ("before store_io.sign", "after store_io.sign", "before keep", "after keep", "after store_io.save_files")


@pytest.mark.parametrize("point", POINTS)
def test_signing_that_dies_anywhere_is_finished_by_the_next_one(house, monkeypatch, point):
    built(house)
    when, _, name = point.partition(" ")
    owner, name = (house_io.KeptFiles, name) if name == "keep" else (store_io, name.partition(".")[2])
    true = getattr(owner, name)

    def dying(*given, **more):
        if when == "after":
            true(*given, **more)
        raise DiesError

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        with pytest.raises(DiesError):
            signing_io.sign(house, "C1", MONTH, who="ada")
    sign(house, "C1", MONTH, who="ada")
    assert len(signings(house.database)) == 1
    assert failed(house) == {}
    assert not list((Path(house.lake.uri) / FOLDER).glob(".*"))


def test_finance_checks_figures_and_signer_with_minisign_and_without_us(house, tmp_path):
    one = signed(house)
    with house.database.begin() as connection:
        files = store_io.files_of(connection, one, "signed")
    place = tmp_path / "figures.json"
    place.write_bytes(house.files.read(files["figures.json"]["digest"]))
    signature = house.files.read(files["minisig"]["digest"])
    (tmp_path / "figures.json.minisig").write_bytes(signature)
    command = ["minisign", "-Vm", str(place), "-P", house.key.public]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("minisign is not installed")
    assert done.returncode == 0, done.stderr
    assert f"client C1 month 2026-10 number 0 signed by ada link {one.link}" in done.stdout
    place.write_bytes(place.read_bytes() + b" ")
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode != 0


def test_snapshots_of_one_run_are_of_one_instant(house):
    built(house)
    one, other = (newest(house.database, client, MONTH) for client in ("C1", "C2"))
    assert one.snapshot_id == other.snapshot_id
    taken = snapshots_io.read(house.database, one.snapshot_id)
    assert {one.card.origin.recorded_upto, other.card.origin.recorded_upto} == {taken.recorded_upto}
    assert taken.versions == dict.fromkeys(house.maker.tables, 0)
    assert {taken.as_of.tzinfo, taken.recorded_upto.tzinfo} == {UTC}
