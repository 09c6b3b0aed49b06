"""What executions achieved: only what a later finding set saw clear counts, beside alerts that nothing acted on."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.remediation.outcomes.assets import rates_picture
from opsguard_assets.remediation.outcomes.comparison import compared
from opsguard_assets.remediation.outcomes.figures import (
    Assumed,
    against_expected,
    automate_next,
    of_all,
    rates,
    savings,
)
from opsguard_assets.remediation.outcomes.verdicts import EPISODE, EXECUTION, judged, with_truth
from tests.alerts.given import NOON

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
LATE = NOON + 10 * DAY


def at(hours):
    return None if hours is None else NOON + hours * HOUR


def execution(number=1, **more):
    usual = {
        "execution_id": number, "playbook": "own", "alert_id": number, "opening": 1, "client_id": "C1",
        "mode": "approval", "state": "succeeded", "triggered_at": at(0), "acted_at": at(0.1), "ended_at": at(1),
        "approvals": 0,
    }  # fmt: skip
    return {**usual, **more}


def episode(number=1, **more):
    usual = {
        "alert_id": number, "opening": 1, "alert_type": "device_silent", "entity_type": "device",
        "entity_id": f"D{number}", "client_id": "C1", "severity": "high", "raised_at": at(0), "last_seen_at": at(0),
        "was_suppressed": False,
    }  # fmt: skip
    return {**usual, **more}


EXPIRED = {"over_at": at(2), "resolution": "expired"}
CLEARED = {"over_at": at(2), "cleared_at": at(2), "resolution": "cleared"}


def verdict(execution_row, episode_row, as_of=LATE):
    found = judged(
        pl.DataFrame([execution_row], schema=EXECUTION), pl.DataFrame([episode_row], schema=EPISODE), as_of, DAY
    )
    return found["verdict"].item(), found["why"].item()


def test_auto_resolved_is_said_only_if_a_monitor_saw_the_cause_clear_and_it_stayed_so():
    assert verdict(execution(), episode(**CLEARED))[0] == "auto-resolved"
    assert verdict(execution(), episode(**CLEARED), at(25)) == ("inconclusive", "it cleared; it may still come back")
    by_playbook = {"over_at": at(1), "resolution": "by a playbook"}
    assert verdict(execution(), episode(**by_playbook))[0] == "inconclusive"
    assert verdict(execution(), episode(**by_playbook, cleared_at=at(3)))[0] == "auto-resolved"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({**CLEARED, "taken_at": at(1.5)}, "a person had to take the alert up"),
        ({"over_at": at(2), "resolution": "by a person"}, "a person resolved the alert"),
        ({**CLEARED, "reopened_at": at(10)}, "the cause came back"),
        ({**CLEARED, "over_at": at(30), "cleared_at": at(30)}, "it cleared later than the time allows"),
        ({"last_seen_at": at(40)}, "the cause still holds"),
    ],
)
def test_what_a_person_had_to_do_or_what_still_holds_is_not_resolved(changed, why):
    assert verdict(execution(), episode(**changed)) == ("not resolved", why)


def test_nothing_is_conclusive_before_what_clears_could_be():
    """A person takes an alert up within the hour; that one has cleared and stays so is known a day later."""
    taken = episode(**CLEARED, taken_at=at(1.5))
    assert verdict(execution(), taken, at(48.9)) == ("inconclusive", "a person had to take the alert up")
    assert verdict(execution(), taken, at(49))[0] == "not resolved"
    assert verdict(execution(), episode(**CLEARED), at(48.9))[0] == "inconclusive"
    assert verdict(execution(), episode(**CLEARED), at(49))[0] == "auto-resolved"


def test_an_undone_execution_did_not_resolve_even_what_cleared():
    assert verdict(execution(undone_at=at(5)), episode(**CLEARED)) == ("not resolved", "it was undone")


@pytest.mark.parametrize(
    ("execution_row", "episode_row", "as_of", "why"),
    [
        (execution(), episode(last_seen_at=at(0)), LATE, "no monitor has looked since"),
        (execution(), episode(last_seen_at=at(3)), at(5), "it may still clear in time"),
        (execution(), episode(**EXPIRED), LATE, "the alert is over, but nobody saw its cause clear"),
        (execution(acted_at=at(3)), episode(**CLEARED), LATE, "it had cleared before anything was done"),
        (execution(state="unknown"), episode(**CLEARED), LATE, "nobody can tell what its steps did"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_inconclusive(execution_row, episode_row, as_of, why):
    assert verdict(execution_row, episode_row, as_of) == ("inconclusive", why)


@pytest.mark.parametrize("changed", [{"mode": "shadow"}, {"acted_at": None, "state": "expired"}])
def test_an_execution_that_did_nothing_has_no_verdict(changed):
    assert verdict(execution(**changed), episode(**CLEARED)) == (None, "it did nothing")


def test_rates_are_of_the_conclusive_ones_with_their_interval():
    executions = [execution(n, client_id="C1" if n < 8 else "C2") for n in range(10)]
    episodes = [episode(n, **(CLEARED if n < 6 else {"last_seen_at": at(40)})) for n in range(9)]
    found = judged(
        pl.DataFrame(executions, schema=EXECUTION), pl.DataFrame([*episodes, episode(9)], schema=EPISODE), LATE, DAY
    )
    (row,) = rates(found, ["playbook"]).to_dicts()
    assert {name: row[name] for name in ("acted", "auto_resolved", "not_resolved", "inconclusive")} == {
        "acted": 10, "auto_resolved": 6, "not_resolved": 3, "inconclusive": 1,
    }  # fmt: skip
    assert row["rate"] == pytest.approx(6 / 9)
    # Of 6 in 9 (Wilson, 1927), computed by hand.
    assert (row["low"], row["high"]) == (pytest.approx(0.354, abs=1e-3), pytest.approx(0.879, abs=1e-3))
    assert rates(found, ["playbook", "client_id"])["acted"].to_list() == [8, 2]
    assert rates(found, [])["auto_resolved"].item() == 6


def world(seed, treated=60, controls=80):
    """Alerts of two severities with known means: with the playbook an hour less of three, or of nine."""
    luck = np.random.default_rng(seed)
    executions, episodes = [], []
    for n in range(treated + controls):
        severity, mean = ("high", 3.0) if luck.random() < (0.8 if n < treated else 0.3) else ("low", 9.0)
        lasts = max(luck.normal(mean - (n < treated), 0.8), 0.05)
        episodes.append(episode(n, severity=severity, over_at=at(lasts), cleared_at=at(lasts), resolution="cleared"))
        if n < treated:
            executions.append(execution(n))
    return judged(pl.DataFrame(executions, schema=EXECUTION), frame(episodes), LATE, DAY), frame(episodes)


def frame(episodes):
    return pl.DataFrame(episodes, schema=EPISODE)


def test_time_is_compared_within_type_and_severity_and_the_interval_holds_the_truth():
    """Severities differ between the two groups, so unmatched means would say that it saves more than four hours."""
    held, plain = 0, []
    for seed in range(60):
        found, episodes = world(seed)
        (row,) = compared(found, episodes, LATE, DAY).to_dicts()
        held += row["minutes_saved_low"] <= 60 <= row["minutes_saved_high"]
        plain.append(row["minutes_saved"])
        assert (row["acted"], row["matched"], row["controls"]) == (60, 60, 80)
    assert held >= 54, f"{held} of 60 intervals of 95 % hold the truth"
    assert np.mean(plain) == pytest.approx(60, abs=5)


def shares(strata):
    """Of each stratum: alerts with the playbook and those of them that cleared, then the same without it."""
    episodes, executions = [], []
    for kind, numbers in enumerate(strata):
        for is_treated, (count, clear) in ((True, numbers[:2]), (False, numbers[2:])):
            for n in range(count):
                number = len(episodes)
                own = CLEARED if n < clear else {"over_at": at(20), "resolution": "by a person"}
                episodes.append(episode(number, alert_type=f"type {kind}", **own))
                executions += [execution(number)] if is_treated else []
    found = judged(pl.DataFrame(executions, schema=EXECUTION), frame(episodes), LATE, DAY)
    return compared(found, frame(episodes), LATE, DAY).row(0, named=True)


def test_many_small_groups_do_not_pull_the_interval_away_from_what_was_seen():
    row = shares([(3, 3, 2, 1)] * 20)
    assert row["added"] == pytest.approx(0.5)
    assert row["added_low"] < 0.5 < row["added_high"]
    # The same in one group, 60 of 60 and 20 of 40, by hand: 61/62 - 21/42, and 1.96 times the root of
    # 0.25/62 + 0.25/42: without the playbook the luck of the 60 is that of the 40.
    one = shares([(60, 60, 40, 20)])
    assert (one["added_low"], one["added_high"]) == (pytest.approx(0.288, abs=1e-3), pytest.approx(0.680, abs=1e-3))
    assert (row["added_low"], row["added_high"]) == (pytest.approx(one["added_low"]), pytest.approx(one["added_high"]))


NUMBERS = st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(2, 6), st.integers(0, 6))


@given(strata=st.lists(NUMBERS, min_size=1, max_size=8))
@settings(deadline=None)
def test_the_interval_of_the_share_added_holds_the_share(strata):
    row = shares([(n1, min(c1, n1), n0, min(c0, n0)) for n1, c1, n0, c0 in strata])
    assert row["added_low"] <= row["added"] + 1e-12
    assert row["added"] - 1e-12 <= row["added_high"]


def test_nothing_is_said_where_nothing_can_be_compared():
    found = judged(pl.DataFrame([execution()], schema=EXECUTION), frame([episode(**CLEARED)]), LATE, DAY)
    (row,) = compared(found, frame([episode(**CLEARED)]), LATE, DAY).to_dicts()
    assert (row["acted"], row["matched"], row["minutes_saved"], row["added_low"]) == (1, 0, None, None)
    saved = savings(rates(found, ["playbook"]), compared(found, frame([episode(**CLEARED)]), LATE, DAY), ASSUMED)
    assert saved["hours_saved"].item() is None


ASSUMED = Assumed(alert_minutes=15, approval_minutes=2, hourly_cost=25)


def test_hours_are_saved_only_by_alerts_that_would_not_have_cleared_by_themselves():
    executions = [execution(n, approvals=1) for n in range(40)]
    cleared = {**CLEARED, "over_at": at(0.5), "cleared_at": at(0.5)}
    treated = [episode(n, **(cleared if n < 30 else {"taken_at": at(1)})) for n in range(40)]
    controls = [episode(n, **(cleared if n % 2 else {"taken_at": at(1)})) for n in range(40, 80)]
    episodes = frame([*treated, *controls])
    found = judged(pl.DataFrame(executions, schema=EXECUTION), episodes, LATE, DAY)
    (row,) = savings(rates(found, ["playbook"]), compared(found, episodes, LATE, DAY), ASSUMED).to_dicts()
    assert (row["cleared_with"], row["cleared_without"], row["added"]) == (0.75, 0.5, 0.25)
    # 10 alerts of 15 minutes, less 40 approvals of 2 minutes.
    assert row["hours_saved"] == pytest.approx((0.25 * 40 * 15 - 80) / 60)
    assert row["money_saved"] == pytest.approx(row["hours_saved"] * 25)
    assert row["hours_saved_low"] < row["hours_saved"] < row["hours_saved_high"]
    assert b"own" in rates_picture(pl.DataFrame([row]))


def test_what_no_playbook_is_about_is_listed_the_most_frequent_first():
    rows = [
        *(episode(n, alert_type="door_open", taken_at=at(1), over_at=at(2)) for n in range(4)),
        *(episode(n, alert_type="no_show") for n in range(10, 12)), episode(20), episode(21, was_suppressed=True),
    ]  # fmt: skip
    covered = frame(rows).with_columns(is_covered=pl.col("alert_type") == "device_silent")
    found = automate_next(covered, ASSUMED, 14)
    assert found.select("alert_type", "alerts", "per_week", "taken_share", "hours").rows() == [
        ("door_open", 4, 2.0, 1.0, 1.0),
        ("no_show", 2, 1.0, 0.0, 0.0),
    ]
    assert found["median_minutes"].to_list() == [120.0, None]


def warned(number=1, *, breached_at=None, **more):
    """A warning that a ticket will be late, and the alert that it is."""
    of_ticket = {"entity_type": "ticket", "entity_id": f"T{number}"}
    rows = [episode(number, alert_type="sla_breach_risk", **of_ticket, **more)]
    if breached_at is not None:
        late = {"raised_at": at(breached_at), "last_seen_at": at(breached_at)}
        rows.append(episode(number + 10_000, alert_type="sla_breached", **of_ticket, **late))
    return rows


def true_of(rows):
    frame = pl.DataFrame(rows, schema=EPISODE).drop("warns", "came_true_at")
    return with_truth(frame, {"sla_breach_risk": ("sla_breached",), "device_silent": ()}, DAY)


@pytest.mark.parametrize(("breached_at", "found"), [(2, 2), (20, 20), (30, None), (-1, None), (None, None)])
def test_a_warning_comes_true_while_it_lasts_or_soon_after(breached_at, found):
    rows = true_of(warned(**CLEARED, breached_at=breached_at))
    assert rows.filter(alert_id=1).select("warns", "came_true_at").row(0) == (True, at(found))
    assert not rows.filter(pl.col("alert_id") != 1)["warns"].any()


def test_a_warning_that_clears_because_it_came_true_is_not_resolved():
    rows = true_of(warned(**CLEARED, breached_at=2))
    assert judged(pl.DataFrame([execution()], schema=EXECUTION), rows, LATE, DAY).select("verdict", "why").row(0) == (
        "not resolved", "what it warned of happened",
    )  # fmt: skip
    early = true_of(warned(**CLEARED, breached_at=0))
    assert judged(pl.DataFrame([execution()], schema=EXECUTION), early, LATE, DAY)["verdict"].item() == "inconclusive"


def test_what_held_until_nobody_looked_any_more_is_not_resolved():
    held = episode(**EXPIRED | {"last_seen_at": at(2)})
    assert verdict(execution(), held) == ("not resolved", "it held until nobody looked any more")


def test_of_warnings_it_is_said_how_many_were_prevented_and_of_others_nothing():
    about = [execution(number) for number in range(40)]
    rows = [row for number in range(40) for row in warned(number, **CLEARED, breached_at=2 if number < 4 else None)]
    rows += [
        row for number in range(40, 80) for row in warned(number, **CLEARED, breached_at=2 if number < 64 else None)
    ]
    known = true_of(rows)
    found = judged(pl.DataFrame(about, schema=EXECUTION), known, LATE, DAY)
    (row,) = compared(found, known, LATE, DAY).to_dicts()
    assert (row["happened_with"], row["happened_without"]) == (0.1, 0.6)
    assert row["prevented"] == pytest.approx(0.5)
    assert 0.25 < row["prevented_low"] < 0.5 < row["prevented_high"] < 0.75
    assert (row["cleared_with"], row["cleared_without"]) == (0.9, 0.4), "what came true did not clear"
    others = pl.DataFrame([episode(number, **CLEARED) for number in range(80)], schema=EPISODE)
    found = judged(pl.DataFrame(about, schema=EXECUTION), others, LATE, DAY)
    (row,) = compared(found, others, LATE, DAY).to_dicts()
    assert (row["prevented"], row["prevented_low"], row["happened_with"]) == (None, None, None)
    assert row["added"] == 0


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.2, "surely less"), (0.7, 0.8, "surely more"), (0.4, 0.5, "surely within"), (0.2, 0.5, "not decide"),
     (None, None, "nothing is conclusive")],
)  # fmt: skip
def test_a_rate_is_shown_beside_what_is_expected(low, high, words):
    assert words in against_expected(low, high)
    assert "30% to 60%" in against_expected(low, high)


def test_of_all_alerts_that_ended_those_count_that_a_playbook_resolved_whoever_acted_on_the_others():
    rows = [
        episode(1, **CLEARED), episode(2, **CLEARED, taken_at=at(1)), episode(3, **CLEARED, client_id="C2"),
        episode(4, **{**CLEARED, "resolution": "by a person"}), episode(5, **CLEARED, was_suppressed=True), episode(6),
        episode(7, **{**CLEARED, "over_at": LATE - DAY}),
    ]  # fmt: skip
    episodes = pl.DataFrame(rows, schema=EPISODE)
    found = judged(pl.DataFrame([execution(1), execution(2)], schema=EXECUTION), episodes, LATE, DAY)
    names = ("ended", "auto_resolved", "by_person", "rate")
    assert of_all(found, episodes, [], LATE, DAY).select(names).rows() == [(4, 1, 2, 0.25)]
    by_client = of_all(found, episodes, ["client_id"], LATE, DAY).select("client_id", *names)
    assert by_client.rows() == [("C1", 3, 1, 2, 1 / 3), ("C2", 1, 0, 0, 0.0)]
    nothing = of_all(found, episodes, [], NOON, DAY).row(0, named=True)
    assert (nothing["ended"], nothing["rate"]) == (0, None)
