"""What is found of shifts: one key per part, posts that are short, who could come instead."""

import json
from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import checked
from opsguard_assets.shifts.alerts.findings import Found, Levels, key_of_part, shift_findings
from opsguard_assets.shifts.calendar.posts import coverage_ahead
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.coverage.coverage import coverage_now
from opsguard_assets.shifts.coverage.substitutes import Terms, Workforce, nothing_proposed, proposals
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.verdicts import Attended, Limits, shift_compliance
from opsguard_assets.tables.values import INSTANT
from tests.shifts.rosters import rows, site
from tests.shifts.test_verdicts import at, punch, shift

SITES = [site(), site("dock", latitude=52.6, longitude=13.5), site("far", latitude=40.0, longitude=-70.0)]

LEVELS = Levels()


def found(shifts, punches=(), now="09:00", **more):
    return checked(shift_findings(known(shifts, punches, now, **more)))


def known(shifts, punches=(), now="09:00", proposed=None, risk=None, beats_until=None, said=(), levels=LEVELS):
    heard = at(beats_until or now)
    beats = [{"site_id": name, "reported_upto_at": heard, "known_at": heard} for name in ("hall", "dock")]
    frame = rows(SHIFT_CALENDAR, *shifts)
    came = Attended(rows("attendance", *punches), rows("punch_feeds", *beats), rows("sites", *SITES))
    verdicts = shift_compliance(frame, came, Limits(), at(now)).with_columns(known_at=pl.lit(at(now), INSTANT))
    here = coverage_now(frame, verdicts, at(now)).with_columns(is_ahead=pl.lit(value=False))
    ahead = coverage_ahead(frame, at(now)).with_columns(is_ahead=pl.lit(value=True))
    schema = {"shift_id": pl.String, "person_id": pl.String, "no_show_risk": pl.Float64}
    was = pl.DataFrame(list(said), schema=schema, orient="row")
    helped = nothing_proposed() if proposed is None else proposed
    likely = SHIFT_RISK.empty() if risk is None else risk
    return Found(verdicts, pl.concat([here, ahead]), helped, likely, was, levels)


def test_one_key_changes_its_type_and_severity_with_what_becomes_of_the_shift():
    def told(now, *punches):
        rows_found = found([shift("08:00", "16:00")], punches, now).filter(
            pl.col("dedup_key").str.starts_with("shift:")
        )
        return rows_found.select("dedup_key", "alert_type", "severity").rows()

    key = "shift:08:00-16:00/ann"
    assert told("08:10") == []
    assert told("08:30") == [(key, "late_arrival", "medium")]
    assert told("10:00") == [(key, "no_show", "high")]
    assert told("10:30", punch("10:20")) == []
    assert told("10:30", punch("08:20", site_id="dock")) == [(key, "wrong_site", "high")]
    assert told("12:00", punch("08:00", "11:00")) == [(key, "early_exit", "medium")]


def test_while_nobody_can_know_the_chance_of_a_no_show_is_told_apart_and_accuses_nobody():
    part = shift("08:00", "16:00")
    blind = {"now": "09:00", "beats_until": "07:00"}
    (without,) = found([part], **blind).filter(pl.col("alert_type") == "shift_unconfirmed").to_dicts()
    (told,) = (
        found([part], **blind, said=[(part["shift_id"], "ann", 0.073)])
        .filter(pl.col("alert_type") == "shift_unconfirmed")
        .to_dicts()
    )
    assert "chance" not in without["reason"]
    assert without["reason"] in told["reason"]
    assert told["reason"].endswith("; apart from that, the chance that nobody comes was put at 7 %")
    assert json.loads(told["evidence"])["no_show_risk"] == 0.073
    assert told["severity"] == without["severity"] == "low"


def test_who_is_there_is_present_and_told_of_by_nobody_while_the_arrival_is_not_certain():
    assert found([shift("08:00", "16:00")], [punch("09:00")], "10:00", beats_until="07:00").is_empty()
    (told,) = found([shift("08:00", "16:00")], [punch("08:00", "09:30")], "10:00", beats_until="07:00").to_dicts()
    assert (told["alert_type"], told["severity"]) == ("shift_unconfirmed", "low")
    assert told["title"].endswith("not confirmed, the feed is late")


def test_a_critical_post_is_told_more_severely():
    told = found([shift("08:00", "16:00", is_critical=True)], now="10:30")
    assert dict(told.select("alert_type", "severity").iter_rows()) == {
        "no_show": "critical",
        "coverage_gap": "critical",
    }


def test_a_post_is_short_when_fewer_are_there_than_it_needs():
    pair = [shift("08:00", "16:00", n, person_id=n, required_people=2) for n in ("ann", "bob")]
    gap = found(pair, [punch("08:00", person_id="bob")]).filter(pl.col("alert_type") == "coverage_gap")
    assert gap["title"].to_list() == ["gate at hall: 1 of 2 people missing now"]
    assert found(pair, [punch("08:00", person_id=n) for n in ("ann", "bob")]).is_empty()


def test_nobody_is_missing_while_it_is_not_known_yet_whether_they_come():
    assert found([shift("08:00", "16:00")], now="08:10").is_empty()


def test_a_plan_that_leaves_a_post_short_is_told_the_day_before():
    gap = found([shift("20:00", "28:00", status="excused")], now="09:00")
    assert gap.select("alert_type", "severity").row(0) == ("coverage_gap", "medium")
    assert "from 2026-01-05 20:00 UTC" in gap["title"].item()
    relieved = [
        shift("20:00", "28:00", "s", status="replaced"),
        shift("20:00", "28:00", "s", person_id="bob", place=1),
    ]
    assert found(relieved, now="09:00").is_empty()


def test_hostile_names_are_data():
    nasty = 'x"}<script>alert(1)</script>\n=HYPERLINK("x")'
    told = found([shift("08:00", "16:00", nasty, person_id=nasty, post=nasty)], now="10:30")
    facts = json.loads(told.filter(pl.col("alert_type") == "no_show")["evidence"].item())
    assert facts["person_id"] == nasty
    assert facts["proposals"] is None


PEOPLE = [
    {"person_id": name, "name": name.title(), "home_site_id": home, "is_active": active}
    for name, home, active in [
        ("ann", "hall", True),
        ("knows_post", "dock", True),
        ("knows_site", "dock", None),
        ("near", "hall", True),
        ("tired", "hall", True),
        ("works_after", "hall", True),
        ("left", "hall", False),
        ("far", "far", True),
    ]
]


def worked(person, days_ago, hours=("08:00", "16:00"), **more):
    back = timedelta(days=days_ago)
    row = shift(*hours, f"{person}-{days_ago}", person_id=person, **more)
    return {
        k: v - back if k in ("starts_at", "ends_at", "expected_from_at", "expected_until_at") else v
        for k, v in row.items()
    }


def best_of(shifts, absences=(), requires=None, people=PEOPLE, within_km=10_000.0):
    """Who is proposed for the gate of the hall from 08:20 to 16:00, the best first."""
    return asked(shifts, absences, requires, people, within_km)[0]


def asked(shifts, absences=(), requires=None, people=PEOPLE, within_km=100.0):
    """The same, and why nobody is."""
    needs = pl.DataFrame(
        {"need": ["n"], "site_id": ["hall"], "post": ["gate"], "starts_at": [at("08:20")], "ends_at": [at("16:00")]}
    ).with_columns(pl.col("starts_at", "ends_at").cast(INSTANT), requires=pl.lit(requires, pl.List(pl.String)))
    workforce = Workforce(
        rows("people", *people),
        rows("sites", site(latitude=52.52, longitude=13.4), *SITES[1:]),
        rows(SHIFT_CALENDAR, *shifts),
        rows("absences", *absences),
    )
    (told,) = proposals(needs, workforce, Terms(10, within_km, 9)).to_dicts()
    return told["proposals"], told["nobody"]


def names(proposed):
    return {one["person_id"] for one in proposed}


@pytest.mark.parametrize(
    ("starts", "ends", "comes"),
    [
        ("00:00", "48:00", False),  # sick for days, without a roster of their own
        ("08:00", "08:30", False),
        ("00:00", "08:00", False),  # back too short a time ago
        ("-20:00", "-02:00", True),
        ("20:00", "48:00", False),  # leaves too soon
        ("26:00", "48:00", True),
    ],
)
def test_nobody_who_is_away_is_asked_to_come_and_leave_needs_its_rest_too(starts, ends, comes):
    def moment(clock):
        return at(clock.removeprefix("-")) - timedelta(hours=24) if clock.startswith("-") else at(clock)

    leave = {"person_id": "knows_post", "starts_at": moment(starts), "ends_at": moment(ends), "kind": "sickness"}
    past = [worked("knows_post", 2), worked("near", 2)]
    assert "knows_post" in names(best_of(past))
    proposed = names(best_of(past, [leave]))
    assert ("knows_post" in proposed) == comes
    assert "near" in proposed


def test_who_was_excused_or_replaced_in_that_time_is_not_asked_again():
    past = [worked("knows_post", 2), worked("knows_site", 2, post="patrol")]
    chain = [
        shift("08:00", "16:00", "s", person_id="knows_post", status="replaced"),
        shift("08:00", "16:00", "s", person_id="knows_site", place=1, status="excused"),
    ]
    assert {"knows_post", "knows_site"} <= names(best_of(past))
    assert not {"knows_post", "knows_site"} & names(best_of([*past, *chain]))
    another_day = [
        worked("knows_post", 1, status="replaced"),
        worked("knows_site", 1, post="patrol", status="excused"),
    ]
    assert {"knows_post", "knows_site"} <= names(best_of([*past, *another_day]))


def test_where_a_post_demands_qualifications_only_who_holds_them_all_is_asked_and_the_reason_names_them():
    held = {"knows_post": ["fire watch"], "near": [" First Aid", "fire watch", "dog handler"], "far": ["first aid"]}
    people = [row | {"qualifications": held.get(row["person_id"])} for row in PEOPLE]
    past = [worked("knows_post", 2)]
    both = best_of(past, requires=["first aid", "Fire watch"], people=people)
    assert [one["person_id"] for one in both] == ["near"]
    assert both[0]["reason"].startswith("new to this site, 0.0 km away, ")
    assert names(best_of(past, requires=["first aid"], people=people)) == {"near", "far"}
    assert best_of(past, requires=["diver"], people=people) == []
    for nothing in (None, []):
        everybody = best_of(past, requires=nothing, people=people)
        assert len(everybody) > 3
        assert everybody[0]["reason"].startswith("worked this post once")


def test_who_is_not_known_to_be_active_is_asked_and_who_is_not_active_is_not():
    assert "knows_site" in names(best_of([]))
    assert "left" not in names(best_of([worked("left", 2)]))


def test_substitutes_are_rested_and_best_first_and_everyone_says_why():
    past = [
        worked("knows_post", 2),
        worked("knows_post", 3),
        worked("knows_site", 2, post="patrol"),
        worked("near", 2, site_id="dock"),
        worked("tired", 0, hours=("00:00", "06:00"), site_id="dock"),
        worked("works_after", 0, hours=("20:00", "24:00"), site_id="dock"),
    ]
    best = best_of([shift("08:00", "16:00"), *past])
    assert [one["person_id"] for one in best] == ["knows_post", "knows_site", "near", "far"]
    assert best[0]["reason"] == (
        "worked this post twice, 11.2 km away, rested 40 h of 10 needed, 16 h in the last 7 days, "
        "no qualification required"
    )
    assert best[0]["distance_km"] == pytest.approx(11.2, abs=0.1)
    told = found(
        [shift("08:00", "16:00")],
        now="10:30",
        proposed=pl.DataFrame({"need": ["shift:08:00-16:00/ann"], "proposals": [best], "nobody": [None]}),
    )
    no_show = told.filter(pl.col("alert_type") == "no_show")
    assert no_show["reason"].item().endswith("; Knows_Post could come: " + best[0]["reason"])
    assert json.loads(no_show["evidence"].item())["proposals"][0]["person_id"] == "knows_post"


def test_a_likely_no_show_is_told_with_its_reason_and_held_a_little_below():
    def told(risk):
        row = {
            "shift_id": "s",
            "person_id": "ann",
            "site_id": "hall",
            "client_id": "acme",
            "risk": risk,
            "reason": "why",
        }
        row |= {"starts_at": at("20:00"), "as_of": at("09:00"), "model_name": "m", "model_version": "1"}
        frame = pl.DataFrame([dict.fromkeys(SHIFT_RISK.columns) | row], schema=SHIFT_RISK.dtypes)
        return found([], risk=frame).select("title", "reason", "score", "is_raising").rows()

    assert told(0.29) == []
    assert told(0.31)[0][3] is False
    assert told(0.419) == [("Shift 2026-01-05 20:00 UTC at hall: nobody may come (41 %)", "why", 0.419, True)]


def test_the_key_of_a_part_names_shift_and_person():
    frame = pl.DataFrame({"shift_id": ["r@2026-01-05"], "person_id": ["ann"]})
    assert frame.select(key_of_part()).item() == "shift:r@2026-01-05/ann"
