"""Routes that contradict themselves or lie in the shadow of others are found before anything happens."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from opsguard_assets.config.matching import Matcher
from opsguard_assets.config.routing import Route, Routing
from opsguard_assets.incidents.matching import FIELDS, matches
from opsguard_assets.routing.analysis import troubles
from opsguard_assets.tables.values import PLANS, SEVERITIES
from tests.properties import examples

KNOWN = {"types": ("device_silent", "fire"), "teams": ("noc", "R0-noc"), "channels": ("slack", "mail")}


def routes(*rules):
    return [Route.model_validate({"name": f"r{n}", **rule}) for n, rule in enumerate(rules)]


def found(*rules):
    return troubles(routes(*rules), **KNOWN)


def test_sound_routes_have_no_troubles():
    assert found({"when": {"client": "C1"}, "team": "NOC"}, {"when": {"client": "C2"}}, {"channels": ["mail"]}) == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"team": "nok"}], "there is no team nok"),
        ([{"channels": ["slak"]}], "there is no channel slak"),
        ([{"when": {"type": "device_slient"}}], "no type of alerts is named device_slient"),
        ([{"when": {"priority": {"at_least": 90, "at_most": 80}}}], "contradict"),
        ([{"when": {"client": "C1", "not": {"client": ["C1", "C2"]}}}], "contradict"),
        ([{"when": {"severity": {"at_least": "high"}}}, {"when": {"severity": "critical"}}], "r0 takes everything"),
        ([{"when": {"priority": {"at_most": 50}}}, {"when": {"not": {"priority": {"at_most": 50}}}}, {}], "r1 takes"),
        ([{}, {"when": {"client": "C1"}}], "r0 takes everything"),
    ],
)
def test_troubles_are_named(rules, words):
    assert any(words in trouble for trouble in found(*rules)), found(*rules)


def test_a_route_that_only_the_unknown_reaches_is_no_shadow():
    assert found({"when": {"plan": ["bronze", "silver", "gold"]}}, {"when": {"client": "C1"}}) == []


@pytest.mark.parametrize(
    "when", [{}, {"colour": "red"}, {"severity": "urgent"}, {"client": {}}, {"client": {"at_least": "C1"}}, {"any": []}]
)
def test_a_matcher_is_over_a_closed_typed_list_of_fields(when):
    with pytest.raises(ValidationError):
        Matcher.model_validate(when)


def test_the_fields_of_matchers_are_those_that_are_evaluated_and_have_a_schema():
    fields = {name for name in Matcher.model_fields if name not in {"all_", "any_", "not_"}}
    assert fields == set(FIELDS)
    assert {"at_least", "at_most"} <= set(Matcher.model_json_schema()["$defs"]["SeverityIs"]["properties"])


def test_client_is_always_among_what_groups_and_times_are_written_in_words():
    with pytest.raises(ValidationError, match="client must be one"):
        Routing.model_validate({"group_by": ["site"]})
    with pytest.raises(ValidationError, match="in quotes"):
        Routing.model_validate({"digest_at": [8]})


SIMPLE = st.one_of(
    st.builds(lambda v: {"client": v}, st.lists(st.sampled_from(["C1", "C2"]), min_size=1, unique=True)),
    st.builds(lambda v: {"severity": {"at_least": v}}, st.sampled_from(SEVERITIES)),
    st.builds(lambda v: {"severity": {"at_most": v}}, st.sampled_from(SEVERITIES)),
    st.builds(lambda v: {"plan": {"at_least": v}}, st.sampled_from(PLANS)),
    st.builds(lambda v: {"priority": {"at_least": v}}, st.integers(0, 100)),
    st.builds(lambda v: {"priority": {"at_most": v}}, st.integers(0, 100)),
    st.builds(lambda v: {"life_safety": v}, st.booleans()),
)
MATCHERS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda v: {"not": v}, inner),
        st.builds(lambda v: {"any": v}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda v: {"all": v}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=4,
)
EVERY = (
    pl.DataFrame({"client_id": ["C1", "C2", "C3", None]})
    .join(pl.DataFrame({"severity": list(SEVERITIES)}), how="cross")
    .join(pl.DataFrame({"plan": [*PLANS, None]}), how="cross")
    .join(pl.DataFrame({"priority": range(101)}), how="cross")
    .join(pl.DataFrame({"is_life_safety": [True, False]}), how="cross")
)


@settings(max_examples=examples(120))
@given(MATCHERS, MATCHERS)
def test_a_shadow_is_found_just_where_no_incident_reaches_the_second_route(first, second):
    one, other = (Matcher.model_validate(when) for when in (first, second))
    seen = EVERY.select(one=matches(one), other=matches(other))
    said = found({"when": first}, {"when": second})
    contradictions = [f"r{n}" for n, name in enumerate(("one", "other")) if not seen[name].any()]
    assert [
        trouble.split(":")[0].removeprefix("route ") for trouble in said if "contradict" in trouble
    ] == contradictions
    is_shadow = seen["other"].any() and not (seen["other"] & ~seen["one"]).any()
    assert any("takes everything" in trouble for trouble in said) == is_shadow
