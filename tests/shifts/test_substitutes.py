"""Who is proposed: near enough to come, and where nobody is, it is said why."""

import polars as pl
import pytest

from opsguard_assets.shifts.coverage.substitutes import nothing_proposed
from tests.shifts.test_findings import asked, best_of, found, names, worked
from tests.shifts.test_verdicts import shift

WORKED_FAR = [worked("far", 2)]


def person(name, home, **more):
    return {"person_id": name, "name": name, "home_site_id": home, "is_active": True, **more}


def test_nobody_is_proposed_who_is_based_farther_away_than_the_limit_whatever_they_know():
    assert "far" in names(best_of(WORKED_FAR))  # 6,000 km away, without a limit that matters
    proposed, nobody = asked(WORKED_FAR, within_km=100.0)
    assert "far" not in names(proposed)
    assert all(one["distance_km"] <= 100 for one in proposed)
    assert nobody is None
    assert names(asked([worked("knows_post", 2)], within_km=11.0)[0]).isdisjoint({"knows_post", "knows_site"})
    assert "knows_post" in names(asked([worked("knows_post", 2)], within_km=12.0)[0])


def test_who_is_based_at_the_site_is_near_wherever_it_lies():
    (best,) = asked([], people=[person("own", "hall")])[0]
    assert best["distance_km"] == 0.0
    assert ", 0.0 km away, " in best["reason"]


@pytest.mark.parametrize("home", [None, "nowhere"])
def test_of_whom_it_is_not_known_where_they_are_based_comes_last_and_it_is_said(home):
    people = [person("lost", home), person("near", "hall")]
    proposed, _ = asked([worked("lost", 2), worked("lost", 3)], people=people)
    assert [one["person_id"] for one in proposed] == ["near", "lost"]
    assert proposed[1]["distance_km"] is None
    assert "where they are based is not known" in proposed[1]["reason"]


@pytest.mark.parametrize(
    ("people", "past", "requires", "why"),
    [
        ([], [], None, "no substitute: nobody is known who worked there lately or is based within 100 km"),
        (
            [person("far", "far")], WORKED_FAR, None,
            "no substitute among 1 person looked at: 1 based farther away than 100 km",
        ),
        (
            [person("a", "hall"), person("b", "hall", qualifications=["diver"])], [], ["first aid", "dog handler"],
            "no substitute among 2 people looked at: 2 without what the post requires (first aid, dog handler)",
        ),
        (
            [person("far", "far"), person("b", "hall"), person("c", "hall", qualifications=["x"])],
            [*WORKED_FAR, worked("c", 0, hours=("00:00", "06:00"))], ["x"],
            (
                "no substitute among 3 people looked at: 1 based farther away than 100 km, "
                "1 without what the post requires (x), 1 on duty, away or without 10 h of rest"
            ),
        ),
    ],
)  # fmt: skip
def test_where_nobody_is_proposed_it_is_said_why(people, past, requires, why):
    assert asked(past, people=people, requires=requires) == ([], why)


def test_the_alert_says_why_nobody_is_proposed():
    helped = pl.DataFrame(
        [{"need": "shift:08:00-16:00/ann", "proposals": [], "nobody": "no substitute: …"}],
        schema=nothing_proposed().schema,
    )
    result = found([shift("08:00", "16:00")], now="10:30", proposed=helped)
    (reason,) = result.filter(alert_type="no_show")["reason"]
    assert reason == "nobody within 120 min of the start; no substitute: …"
