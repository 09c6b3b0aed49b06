"""`opsguard alerts` as people use it: on a real database and lake, through the command's own entry."""

import getpass
import json
import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts import finding as finding_words
from opsguard_assets.alerts.finding import COVERED, SUPPRESSIONS
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.commands.explanation import MEANINGS
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.lake import Lake
from resources.ticks import Tick, record_tick
from tests.alerts.given import MONITOR, finding, frame, minute

DECIDED = ("raised", "refreshed", "reopened", "cleared", "held by hysteresis", "below the threshold", "muted",
           "mute ended", "resolved by a person", "late tick")  # fmt: skip
HOSTILE = "T-9\x1b]0;owned\x07 [red]urgent[/red]"


@pytest.fixture
def command(command_named):
    """Runs the command; its code, standard output and standard error."""
    return command_named("alerts", timezone="Asia/Kolkata")


@pytest.fixture
def lake(command, tmp_path):
    return Lake(str(tmp_path / "lake"))


def asked(command, *arguments):
    code, out, err = command(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def tick(database, number, *findings):
    return settle(database, frame(*findings), MONITOR, minute(15 * number))


def test_the_list_shows_what_is_unresolved_without_a_deadline_the_gravest_first(command, database):
    tick(database, 0, finding("T1"), finding("T2", "critical"), finding("T3"))
    tick(database, 1, finding("T1"), finding("T2", "critical"))
    listed = asked(command, "list")
    assert [row["entity_id"] for row in listed] == ["T2", "T1"]
    assert [row["entity_id"] for row in asked(command, "list", "--state", "resolved")] == ["T3"]
    assert asked(command, "list", "--type", "sla_breached") == []
    code, out, _ = command("list", "--limit", "1")
    assert code == 0
    assert "Ticket T2" in out
    assert "--limit" in out


def test_hostile_titles_are_text_and_neither_markup_nor_orders_to_the_terminal(command, database):
    tick(database, 0, finding("T9", title=HOSTILE, reason=HOSTILE))
    (alert,) = asked(command, "list")
    for arguments in (["list"], ["show", str(alert["alert_id"])], ["explain", HOSTILE]):
        _, out, _ = command(*arguments)
        assert not set(out) & {"\x1b", "\x07"}
        assert "[red]urgent[/red]" in out


def test_acknowledging_and_resolving_say_who_and_stay_in_the_history(command, database):
    tick(database, 0, finding("T1"))
    (alert,) = asked(command, "list")
    number = str(alert["alert_id"])
    (acknowledged,) = asked(command, "ack", number, "--note", "calling", "--by", "ada")
    assert (acknowledged["state"], acknowledged["acknowledged_by"]) == ("acknowledged", "ada")
    (resolved,) = asked(command, "resolve", number, "--note", "a new date")
    assert (resolved["state"], resolved["resolved_by"]) == ("resolved", getpass.getuser())
    history = asked(command, "show", number)["history"]
    assert [(row["actor"], row["to_state"], row["detail"]) for row in history[1:]] == [
        ("ada", "acknowledged", "calling"),
        (getpass.getuser(), "resolved", "a new date"),
    ]
    _, out, _ = command("show", number)
    assert "a new date" in out
    assert "little time left" in out


@pytest.mark.parametrize("arguments", [["ack", "77"], ["resolve", "77", "--note", "x"], ["show", "77"]])
def test_what_does_not_exist_is_said_in_one_sentence_with_a_code(command, arguments):
    code, _, err = command(*arguments)
    assert code == 1
    assert "There is no alert 77; `opsguard alerts list` shows those that are open." in err


def test_what_was_done_before_a_failure_is_shown(command, database):
    tick(database, 0, finding("T1"))
    (alert,) = asked(command, "list")
    code, out, err = command("ack", str(alert["alert_id"]), "77", "--json")
    assert code == 1
    assert "no alert 77" in err
    assert [row["state"] for row in json.loads(out)] == ["acknowledged"]


def test_explain_tells_what_was_decided_tick_by_tick_in_words(command, database):
    tick(database, 0, finding("T1", is_raising=False), finding("T2", withheld="not in the plan"))
    tick(database, 1, finding("T1"), finding("T2", withheld="not in the plan"))
    tick(database, 2)
    answer = asked(command, "explain", "T1")
    assert [row["decision"] for row in answer["decisions"]] == ["cleared", "raised", "below the threshold"]
    assert "was cleared" in answer["answer"]
    withheld = asked(command, "explain", "sla_breach_risk:T2")
    assert "plan does not include" in withheld["answer"]
    assert withheld["decisions"][0]["ticks"] == 2
    code, out, _ = command("explain", "T2")
    assert code == 0
    assert "plan does not include" in out


def test_explain_says_when_nothing_was_found_and_what_the_risk_is(command, database, lake):
    tick(database, 0, finding("T-55"))
    answer = asked(command, "explain", "T5")["answer"]
    assert "No monitor has found anything about T5" in answer
    assert "Searched: 1 keys of tests (newest tick 2026-03-02 17:30 IST)" in answer
    assert "Similar: T-55." in answer
    row = {"ticket_id": "T5", "as_of": minute(0), "state": "running", "risk": 0.41, "date": minute(0).date()}
    schema = {
        "ticket_id": pl.String, "as_of": pl.Datetime("us", "UTC"), "state": pl.String, "risk": pl.Float64,
        "date": pl.Date,
    }  # fmt: skip
    lake.replace_slice(
        SLA_RISK.derived_name, pl.DataFrame([row], schema=schema), where={"date": minute(0).date()},
        partition_by=["date"],
    )  # fmt: skip
    record_tick(database, Tick(job=SCORE_JOB, as_of=minute(0), row_count=1, digest="x"))
    answer = asked(command, "explain", "T5")["answer"]
    assert "its risk was 41.0%; alerts are raised from 70%" in answer


def test_a_mute_is_given_by_the_clocks_of_the_site_and_ends_early_on_demand(command, database, lake):
    place = {"site_id": "S1", "client_id": "C1", "name": "Harbour", "timezone": "Europe/Berlin"}
    known_at = datetime(2026, 1, 1, tzinfo=UTC)
    record(lake, "sites", place, known_at)
    record(lake, "tickets", TICKET | {"ticket_id": "T1", "site_id": "S1"}, known_at)
    window = ("--from", "2030-07-01T20:00", "--until", "2030-07-01T22:00", "--reason", "lift")
    made = asked(command, "mute", "--site", "S1", *window, "--by", "ada")
    assert (made["timezone"], made["begins_at"], made["ends_at"]) == (
        "Europe/Berlin", "2030-07-01T18:00:00+00:00", "2030-07-01T20:00:00+00:00",
    )  # fmt: skip
    assert asked(command, "mute", "--entity", "T1", *window)["timezone"] == "Europe/Berlin"
    assert asked(command, "mute", "--type", "sla_breached", *window)["timezone"] == "Asia/Kolkata"
    listed = {row["site_id"] or row["entity_id"] or row["alert_type"]: row for row in asked(command, "mutes")}
    assert set(listed) == {"S1", "T1", "sla_breached"}
    assert (listed["S1"]["created_by"], listed["S1"]["reason"]) == ("ada", "lift")
    for row in listed.values():
        asked(command, "unmute", str(row["mute_id"]))
    assert asked(command, "mutes") == []


TICKET = {
    "client_id": "C1", "priority": "high", "status": "open", "opened_at": datetime(2026, 1, 1, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip


def record(lake, name, row, known_at):
    table = TABLES[name]
    rows = pl.DataFrame([row]).with_columns(known_at=pl.lit(known_at).cast(pl.Datetime("us", "UTC")))
    empty = table.empty()
    whole = pl.concat([empty, rows.cast({n: t for n, t in empty.schema.items() if n in rows.columns})], how="diagonal")
    lake.record(table, whole.select(empty.columns), loaded_at=known_at)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["mute", "--type", "fire", "--for", "1h", "--reason", "x"], 1, "cannot be muted"),
        (["mute", "--for", "1h", "--reason", "x"], 1, "needs at least one filter"),
        (["mute", "--site", "S", "--reason", "x"], 2, "--until TIME or --for DURATION"),
        (["mute", "--site", "S", "--for", "soon", "--reason", "x"], 2, "30m, 8h or 2d"),
        (["mute", "--site", "S", "--until", "2001-01-01", "--reason", "x"], 1, "before it begins"),
        (["mute", "--site", "S", "--for", "1h"], 2, "--reason"),
        (["resolve", "1"], 2, "--note"),
        (["unmute", "9"], 1, "no active mute 9"),
        (["list", "--state", "broken"], 2, "broken"),
    ],
)
def test_what_makes_no_sense_is_told_with_a_remedy_and_a_code(command, arguments, code, message):
    found, _, err = command(*arguments)
    assert found == code
    assert message in " ".join(err.replace("\u2502", " ").split())


def test_a_mute_made_by_the_command_is_obeyed_by_the_next_tick_and_ends_by_itself(command, database):
    now = datetime.now(UTC)
    made = asked(command, "mute", "--entity", "T1", "--for", "30m", "--reason", "works")
    during, after = now + timedelta(minutes=15), now + timedelta(minutes=45)
    assert settle(database, frame(finding("T1")), MONITOR, during).decisions == {"muted": 1}
    assert [row["state"] for row in asked(command, "list")] == ["suppressed"]
    assert f"mute {made['mute_id']}" in asked(command, "explain", "T1")["answer"]
    assert settle(database, frame(finding("T1")), MONITOR, after).decisions == {"mute ended": 1}
    assert [row["state"] for row in asked(command, "list")] == ["open"]


NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Modules are imported long before their tests run."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC).replace(microsecond=0))


def due(hours):
    return json.dumps(
        {"resolution_due_at": f"{NOW + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S+00:00}", "risk": 0.123456789}
    )


def other(alert_type, key, entity_type="shift", **more):
    return finding(more.pop("entity_id", "x"), **more) | {
        "dedup_key": key, "alert_type": alert_type, "entity_type": entity_type,
    }  # fmt: skip


EVERY = Monitor("every", tuple(ALERT_TYPES))


def all_kinds(database, *findings):
    return settle(database, frame(*findings), EVERY, NOW)


def test_what_can_still_be_saved_comes_first_and_what_is_lost_last(command, database):
    all_kinds(
        database,
        other("sla_breached", "sla_breached:L1", "ticket", entity_id="L1", severity="critical", evidence=due(-30)),
        other("sla_breached", "sla_breached:L2", "ticket", entity_id="L2", evidence=due(-2)),
        finding("S2", evidence=due(9)),
        finding("S1", "low", evidence=due(1)),
        other("device_silent", "device_silent:D", "device", entity_id="D"),
        other("no_show", "shift:g@d/ann", entity_id="g@d",
              evidence=json.dumps({"expected_until": f"{NOW + timedelta(hours=3):%Y-%m-%d %H:%M} UTC"})),
    )  # fmt: skip
    rows = asked(command, "list")
    assert [row["entity_id"] for row in rows] == ["S1", "g@d", "S2", "D", "L2", "L1"]
    assert [row["standing"] for row in rows[2:5]] == ["can still be saved", "no deadline", "deadline has passed"]
    assert 50 <= rows[0]["minutes_left"] <= 60
    assert rows[0]["evidence"]["risk"] == 0.1235
    code, out, _ = command("list", "--limit", "2")
    assert code == 0
    assert "6 alerts (open, acknowledged, suppressed): 3 with a deadline ahead, 1 without a deadline, 2 past" in out
    assert "IST" in out
    assert [row["entity_id"] for row in asked(command, "list", "--severity", "low")] == ["S1"]


def test_names_subject_holder_and_next_step_stand_beside_an_alert(command, database, lake):
    known_at = datetime(2026, 1, 1, tzinfo=UTC)
    record(
        lake, "sites", {"site_id": "S1", "client_id": "C1", "name": "Harbour", "timezone": "Europe/Berlin"}, known_at
    )
    record(lake, "clients", {"client_id": "C1", "name": "Acme", "timezone": "Europe/Berlin"}, known_at)
    record(lake, "people", {"person_id": "p1", "name": "Ada"}, known_at)
    record(lake, "tickets", TICKET | {"ticket_id": "T1", "title": HOSTILE, "assignee_id": "p1"}, known_at)
    all_kinds(database, finding("T1", evidence=due(1)), finding("T2", client_id="C2", site_id="S2"))
    (row,) = asked(command, "list", "--client", "acme", "--site", "harb")
    assert (row["client_name"], row["site_name"], row["subject"]) == ("Acme", "Harbour", HOSTILE)
    assert (row["holder"], row["next"]) == ("Ada (assignee)", "ask the assignee, or move it")
    for arguments in (["list"], ["show", str(row["alert_id"])]):
        _, out, _ = command(*arguments)
        assert "Acme, Harbour" in out
        assert "Ada (assignee)" in out
        assert re.search(r"\bCES?T, ", out), "by the clock of the site"
        assert not set(out) & {"\x1b", "\x07"}
    code, _, err = command("list", "--client", "Acne")
    assert code == 2
    assert "did you mean Acme" in " ".join(err.split())
    code, _, err = command("list", "--type", "sla_breach")
    assert code == 2
    assert "sla_breach_risk" in err


@pytest.mark.parametrize(
    ("what", "is_it"),
    [
        ("shift:R1@2026-03-02/ANN", True), ("r1@2026-03-02", True), ("ann", True), ("R1@2026-03-02/ann", True),
        ("R1@", True), ("nn", False), ("R2", False),
    ],
)  # fmt: skip
def test_a_shift_is_explained_by_everything_that_somebody_may_paste(command, database, what, is_it):
    all_kinds(database, other("no_show", "shift:R1@2026-03-02/ann", entity_id="R1@2026-03-02", title="nobody came"))
    answer = asked(command, "explain", what)
    assert bool(answer["decisions"]) == is_it
    assert ("nobody came" in answer["answer"]) == is_it


@pytest.mark.parametrize("what", ["S9", "c9", "gate", "S9/gate", "1", "coverage_gap:s9/GATE", "COVER"])
def test_a_gap_is_explained_by_its_number_site_client_post_and_key(command, database, what):
    number = str(all_kinds(database, other("coverage_gap", "coverage_gap:S9/gate", "post", entity_id="S9/gate",
                                           site_id="S9", client_id="C9")).findings)  # fmt: skip
    (alert,) = asked(command, "list")
    asked_for = str(alert["alert_id"]) if what == number else what
    assert [row["alert_id"] for row in asked(command, "explain", asked_for)["alerts"]] == [alert["alert_id"]]


def test_what_another_alert_tells_is_explained_by_its_name(command, database):
    told = other("coverage_gap", "coverage_gap:S9/gate", "post", withheld=COVERED) | {"told_by": "shift:g@d/ann"}
    all_kinds(database, told)
    answer = asked(command, "explain", "gate")["answer"]
    assert "another alert covers the same problem (shift:g@d/ann)" in answer


def test_every_decision_has_a_meaning():
    made = {
        name for name in vars(finding_words).values() if isinstance(name, str) and name in {*SUPPRESSIONS, *DECIDED}
    }
    assert set(MEANINGS) >= made


@pytest.mark.parametrize("kind", ALERT_TYPES)
def test_every_kind_says_what_to_do_next(command, database, kind):
    all_kinds(database, other(kind, f"{kind}:x", evidence=None))
    (row,) = asked(command, "list")
    assert row["next"] != "look at it"
    code, out, _ = command("show", str(row["alert_id"]))
    assert code == 0
    assert "means" in out


@pytest.mark.parametrize(
    "trick", ["\u202egnp.exe", "a\u2028b", "x\r\n  99  critical  open  forged", "\x9b31m", "\u200bz"]
)
def test_a_title_can_neither_turn_a_line_nor_forge_one(command, database, trick):
    tick(database, 0, finding("T1", title=trick, reason=trick))
    for arguments in (["list"], ["show", "1"], ["explain", "T1"]):
        _, out, _ = command(*arguments)
        assert not set(out) & set("\u202e\u2028\r\x9b\u200b")
        assert not [row for row in out.splitlines() if row.strip().startswith("99")]


@pytest.mark.parametrize("name", [[], *([n] for n in ("list", "show", "explain", "ack", "resolve", "mute", "mutes"))])
def test_help_teaches(command, name):
    code, out, _ = command(*name, "--help")
    assert code == 0
    assert "Usage:" in out
    assert "--install-completion" not in out
