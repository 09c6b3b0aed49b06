"""What a playbook would have done about past alerts keeps its limits, and counts what its steps would have sent."""

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.remediation.playbook.load_io import parsed, ready_texts
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.rehearsal import PAST, rehearse
from tests.alerts.given import minute
from tests.properties import examples

NO_LIMIT = {"cool_down_minutes": 0, "at_once_per_site": 1_000, "per_hour": 10_000, "start_within_minutes": 60}


def playbook(*steps, on_failure=(), limits=None, **more):
    return Playbook.model_validate(
        {
            "playbook": "own", "title": "Own",
            "trigger": {"when": {"type": "device_silent"}, **more.pop("trigger", {})},
            "limits": limits or NO_LIMIT, "steps": steps, "on_failure": on_failure, **more,
        }
    )  # fmt: skip


def past(*rows):
    """Alerts of devices, each with the minute at which it was raised."""
    usual = {
        "opening": 1, "transition": "raised", "alert_type": "device_silent", "entity_type": "device", "site_id": "S1",
        "severity": "high", "priority": 50, "is_life_safety": False, "alerts": 1,
    }  # fmt: skip
    whole = [
        {"alert_id": number, "entity_id": f"D{number}", **usual, **row, "at": minute(row["at"])}
        for number, row in enumerate(rows)
    ]
    instants = ("over_at", "acknowledged_at")
    for row in whole:
        row.update({name: minute(row[name]) for name in instants if name in row})
    return pl.DataFrame(whole, schema=PAST)


NOTIFY = {"do": "notify", "to": ["on_duty", "noc"], "text": "look"}
WAIT = {"do": "wait_for", "condition": "alert_cleared", "within_minutes": 30}


def test_alerts_that_clear_in_time_end_well_and_the_others_go_to_on_failure():
    chosen = playbook(NOTIFY, WAIT, on_failure=[{"do": "escalate"}])
    found = rehearse(chosen, past({"at": 0, "over_at": 10}, {"at": 0, "over_at": 31}, {"at": 5}))
    assert found.runs["end"].to_list() == ["succeeded", "failed", "failed"]
    assert found.runs["ends_at"].to_list() == [minute(10), minute(30), minute(35)]
    assert found.runs["messages"].to_list() == [2, 3, 3]
    assert found.words == (
        "would have run 3 times, at most 3 at once at one site and 3 at all sites, sent 8 messages, "
        "asked for 0 approvals"
    )


def test_a_step_that_may_fail_ends_it_in_part_and_one_that_waits_for_a_person_looks_at_the_person():
    taken = {**WAIT, "condition": "alert_acknowledged"}
    chosen = playbook({**taken, "on_failure": "continue"}, NOTIFY, on_failure=[{"do": "escalate"}])
    found = rehearse(chosen, past({"at": 0, "over_at": 1}, {"at": 0, "acknowledged_at": 7}))
    assert found.runs["end"].to_list() == ["partial", "succeeded"]
    assert found.runs["messages"].to_list() == [2, 2]
    assert found.runs["ends_at"].to_list() == [minute(30), minute(7)]


def test_approvals_are_counted_where_they_are_asked():
    final = {"do": "webhook", "to": "crm", "approval": {"required": "two"}}
    reads = {"do": "collect_diagnostics"}
    asked = playbook(reads, NOTIFY, WAIT, final, approval={"required": "one"})
    found = rehearse(asked, past({"at": 0, "over_at": 10}, {"at": 0}))
    assert found.runs["approvals"].to_list() == [2, 1]
    assert rehearse(playbook(reads), past({"at": 0})).counts["approvals"] == 0
    assert rehearse(playbook(NOTIFY, max_autonomy="approval"), past({"at": 0})).counts["approvals"] == 1


def test_somebody_is_asked_about_what_follows_a_failure_and_about_what_is_final_as_the_engine_does():
    asks_late = playbook(WAIT, on_failure=[{"do": "escalate"}, NOTIFY], max_autonomy="approval")
    assert rehearse(asks_late, past({"at": 0, "over_at": 10}, {"at": 0})).runs["approvals"].to_list() == [0, 1]
    asked_before = playbook(NOTIFY, WAIT, on_failure=[{"do": "escalate"}], max_autonomy="approval")
    assert rehearse(asked_before, past({"at": 0})).counts["approvals"] == 1
    final = {"do": "webhook", "to": "crm"}
    assert rehearse(playbook(final, final, max_autonomy="alone"), past({"at": 0})).counts["approvals"] == 2


def test_only_transitions_that_the_trigger_names_start_it_and_each_episode_once():
    rows = [
        {"at": 0}, {"at": 5, "alert_id": 0, "transition": "severity_raised"},
        {"at": 9, "alert_id": 0, "opening": 2, "transition": "reopened"}, {"at": 9, "alert_type": "no_show"},
    ]  # fmt: skip
    assert rehearse(playbook(NOTIFY), past(*rows)).runs["at"].to_list() == [minute(0), minute(9)]
    both = playbook(NOTIFY, trigger={"when": {"type": "device_silent"}, "on": ["raised", "severity_raised"]})
    assert rehearse(both, past(*rows)).runs["at"].to_list() == [minute(0)]


def test_what_waits_longer_than_it_may_expires_and_does_nothing():
    limits = {**NO_LIMIT, "at_once_per_site": 1, "start_within_minutes": 40}
    rows = [{"at": 0}, {"at": 1}, {"at": 2}, {"at": 2, "site_id": "S2"}]
    found = rehearse(playbook(NOTIFY, WAIT, limits=limits), past(*rows))
    assert found.runs["decision"].to_list() == ["ran", "ran", "expired", "ran"]
    assert found.runs["begins_at"].to_list() == [minute(0), minute(30), None, minute(2)]
    assert found.runs["messages"].to_list() == [2, 2, None, 2]


def test_what_it_says_of_one_site_is_what_the_limit_is_about_also_where_no_site_is_known():
    limits = {**NO_LIMIT, "at_once_per_site": 2}
    rows = [{"at": 0, "site_id": site} for site in ("S1", "S2", None) for _ in range(4)]
    found = rehearse(playbook(NOTIFY, WAIT, limits=limits), past(*rows))
    assert (found.at_once_at_a_site, found.at_once) == (2, 6)
    assert "at most 2 at once at one site and 6 at all sites" in found.words


def test_what_is_done_at_once_still_takes_a_place_for_a_minute():
    found = rehearse(playbook(NOTIFY), past(*({"at": 0} for _ in range(3)), {"at": 1}))
    assert found.at_once == 3
    assert found.runs["ends_at"].to_list() == [minute(1)] * 3 + [minute(2)]


def test_an_execution_that_takes_too_long_has_failed_at_its_time_out():
    found = rehearse(playbook(WAIT, timeout_minutes=20), past({"at": 0, "over_at": 25}))
    assert (found.runs["end"].item(), found.runs["ends_at"].item()) == ("failed", minute(20))


arrivals = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 3), st.integers(0, 1), st.integers(1, 90)), min_size=1, max_size=40
)


@settings(max_examples=examples(100))
@given(arrivals, st.integers(0, 90), st.integers(1, 3), st.integers(1, 5))
def test_no_limit_is_ever_broken_and_nobody_waits_without_one(found, cool_down, at_once, per_hour):
    limits = {
        "cool_down_minutes": cool_down, "at_once_per_site": at_once, "per_hour": per_hour, "start_within_minutes": 45,
    }  # fmt: skip
    rows = [
        {"at": at, "entity_id": f"D{entity}", "site_id": f"S{site}", "over_at": at + takes}
        for at, entity, site, takes in found
    ]
    runs = rehearse(playbook({**WAIT, "within_minutes": 90}, limits=limits), past(*rows)).runs
    started = runs.filter(pl.col("decision") != "cool-down")
    _check_cool_down(runs, timedelta(minutes=cool_down))
    ran = started.filter(pl.col("decision") == "ran")
    begins = sorted(ran["begins_at"])
    apart = zip(begins, begins[per_hour:], strict=False)
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in apart)
    for row in ran.to_dicts():
        running = ran.filter(
            pl.col("site_id") == row["site_id"], pl.col("begins_at") <= row["begins_at"],
            pl.col("ends_at") > row["begins_at"],
        )  # fmt: skip
        assert len(running) <= at_once
        assert timedelta() <= row["begins_at"] - row["at"] <= timedelta(minutes=45)
    if len(started) <= min(at_once, per_hour):
        assert (ran["begins_at"] == ran["at"]).all()
        assert len(ran) == len(started)


def _check_cool_down(runs, cool_down):
    """Walks through the alerts as a person would."""
    last = {}
    for row in runs.to_dicts():
        recent = last.get(row["entity_id"])
        is_cooled = recent is not None and row["at"] - recent < cool_down
        assert (row["decision"] == "cool-down") == is_cooled
        if not is_cooled:
            last[row["entity_id"]] = row["at"]


def test_every_ready_playbook_can_be_rehearsed_over_a_storm():
    rows = [{"at": number // 10, "over_at": number // 10 + 45} for number in range(2_000)]
    for name, text in ready_texts().items():
        kind = {"when": {"type": "device_silent"}, "on": ["raised"]}
        document = parsed(text, name).playbook.model_dump(mode="json", by_alias=True, exclude_none=True)
        found = rehearse(Playbook.model_validate({**document, "trigger": kind}), past(*rows)).counts
        assert found["matched"] == 2_000
        assert 0 < found["ran"] < 2_000
        assert found["ran"] + found["expired"] == 2_000
