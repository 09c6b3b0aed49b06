"""Every sentence on tickets, against the facts that its row was made of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.problems.sla_breach.features import FEATURES, STATUSES
from ml.problems.sla_breach.words import topics
from ml.values import PLANS, PRIORITIES
from tests.ml.words.facts import (
    a_few,
    maybe,
    minutes_said,
    number_of,
    percent_said,
    rows_of,
    said_by,
    shrunk,
    times_said,
)
from tests.properties import examples

GROUPS = {
    "category": "in this category", "title": "with this title", "group": "of this group",
    "assignee": "of this assignee", "site": "at this site", "priority": "of this priority",
}  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@st.composite
def tickets(draw):
    """A ticket as facts: which groups it has, how many of them were late; and the features that these make."""
    overall = draw(st.floats(0, 1))
    facts = {"late": {}}
    row = {"late_rate": overall, "remaining_minutes": draw(maybe(st.floats(-500, 20_000)))}
    for name in GROUPS:
        has = draw(st.booleans())
        number = draw(st.integers(0, 100)) if has else 0
        late = draw(st.integers(0, number))
        facts["late"][name] = (late, number)
        row[f"late_rate_of_{name}"] = shrunk(late, number, 10.0, overall)
        row[f"outcomes_of_{name}"] = float(number)
        for figure in ("minutes", "handling"):
            if f"{figure}_of_{name}" in FEATURES:
                row[f"{figure}_of_{name}"] = draw(st.floats(0, 200_000)) if number else None
        if name in ("group", "assignee", "site"):
            row[f"open_of_{name}"] = float(draw(st.integers(0, 50))) if has else None
    row["has_assignee"] = float(row["open_of_assignee"] is not None)
    row["queue_days_of_group"] = draw(st.integers(0, 400)) / 10 + 0.02 if row["open_of_group"] is not None else None
    row |= {name: draw(values_of(name)) for name in FEATURES if name not in row}
    return facts, row


def values_of(name):
    """What a feature that belongs to no group may be."""
    ranks = {"priority_rank": 4, "plan_rank": 3, "status_rank": 4}
    known = {
        "is_answered": st.booleans().map(float),
        "is_paused": st.booleans().map(float),
        "local_hour": maybe(st.integers(0, 1439).map(lambda minute: minute // 60 + minute % 60 / 60)),
        "weekday": maybe(st.integers(1, 7).map(float)),
        "sentiment": maybe(st.floats(-1, 1)),
        **{rank: maybe(st.integers(0, most - 1).map(float)) for rank, most in ranks.items()},
    }
    spans = maybe(st.floats(0, 300_000)) if "minutes" in name else a_few.map(float)
    return known.get(name, spans)


def expected(facts, row):
    """What may be said because of each feature; None where nothing."""

    def at_least_one(name, words):
        return words(row[name]) if row[name] is not None and row[name] >= 1 else None

    def lasting(name, words):
        return words.format(minutes_said(row[name])) if row[name] is not None else None

    def named(name, values):
        return None if row[name] is None else values[int(row[name])]

    status = named("status_rank", ("new", "open", "in progress", "on hold"))
    priority, plan = named("priority_rank", PRIORITIES), named("plan_rank", PLANS)
    hour = row["local_hour"]
    told = {
        "has_assignee": None if row["has_assignee"] or row["age_minutes"] is None
        else f"unassigned, opened {minutes_said(row['age_minutes'])} ago",
        "minutes_since_change": None if (row["minutes_since_change"] or 0) < 60
        else f"no change for {minutes_said(row['minutes_since_change'])}",
        "is_answered": None if row["is_answered"] else "no response in time so far",
        "changes": at_least_one("changes", lambda n: f"changed {times_said(n)}"),
        "status_rank": status and f"status {status}",
        "minutes_in_status": status and lasting("minutes_in_status", f"status {status} for {{}}"),
        "reassignments": at_least_one("reassignments", lambda n: f"reassigned {times_said(n)}"),
        "group_changes": at_least_one("group_changes", lambda n: f"given to another group {times_said(n)}"),
        "reopenings": at_least_one("reopenings", lambda n: f"reopened {times_said(n)}"),
        "priority_changes": at_least_one("priority_changes", lambda n: f"priority changed {times_said(n)}"),
        "is_paused": "its clock is paused" if row["is_paused"] else None,
        "paused_minutes": at_least_one("paused_minutes", lambda n: f"paused for {minutes_said(n)} so far"),
        "priority_rank": priority and f"priority {priority}",
        "plan_rank": plan and f"plan {plan}",
        "sentiment": "the requester sounds displeased" if (row["sentiment"] or 0) < 0 else None,
        "local_hour": None if hour is None else f"{round(hour * 60) // 60}:{round(hour * 60) % 60:02} local time",
        "weekday": None if row["weekday"] is None else f"a {DAYS[int(row['weekday']) - 1]}",
        "queue_days_of_group": None if not row["open_of_group"] or row["open_of_group"] < 1
        else f"the group's open tickets are {round(row['queue_days_of_group'], 1)} days of its work",
        "late_rate": f"{percent_said(row['late_rate'])} of all tickets were late lately",
        "handling_minutes": lasting("handling_minutes", "work on a ticket usually takes {}"),
    }  # fmt: skip
    for name in ("group", "assignee", "site"):
        told[f"open_of_{name}"] = at_least_one(
            f"open_of_{name}", lambda n, name=name: f"the {name} has {number_of(n, 'open ticket')}"
        )
    for span, words in {"4h": "4 hours", "24h": "24 hours", "7d": "7 days"}.items():
        for prefix, where in (("arrivals", ""), ("group_arrivals", " in this group")):
            told[f"{prefix}_{span}"] = at_least_one(
                f"{prefix}_{span}",
                lambda n, words=words, where=where: f"{number_of(n, 'new ticket')} in {words}{where}",
            )
    for name, words in GROUPS.items():
        late, number = facts["late"][name]
        more = late >= 1 and row[f"late_rate_of_{name}"] > row["late_rate"]
        told[f"late_rate_of_{name}"] = (
            f"{late} of the last {number_of(number, 'ticket')} {words} late" if more else None
        )
        told[f"minutes_of_{name}"] = lasting(f"minutes_of_{name}", f"a ticket {words} usually takes {{}} to its end")
        if f"handling_of_{name}" in FEATURES:
            told[f"handling_of_{name}"] = lasting(f"handling_of_{name}", f"work on a ticket {words} usually takes {{}}")
    return told


@settings(max_examples=examples(100, quick=10))
@given(st.lists(tickets(), min_size=1, max_size=4))
def test_every_sentence_on_a_ticket_is_made_of_its_own_feature_and_holds(drawn):
    told = topics(rows_of(FEATURES, [row for _, row in drawn]))
    said_by(told, [expected(*one) for one in drawn])
    silent = {f"outcomes_of_{name}" for name in GROUPS}
    members = {name for features in told.members.values() for name in features}
    assert members - set(told.phrases) == silent
    assert set(STATUSES) == {"new", "open", "in_progress", "on_hold"}
    for (_, row), always in zip(drawn, told.always, strict=True):
        left = row["remaining_minutes"]
        assert always == (
            "no deadline is known" if left is None else f"{minutes_said(max(left, 0))} of working time left"
        )


@settings(max_examples=examples(100, quick=10))
@given(tickets())
def test_nothing_is_said_of_a_group_that_a_ticket_does_not_have(drawn):
    facts, row = drawn
    told = topics(rows_of(FEATURES, [row]))
    without = [words for name, words in GROUPS.items() if not facts["late"][name][1]]
    said = [phrase[0] for phrase in told.phrases.values() if phrase[0] and "new ticket" not in phrase[0]]
    assert [phrase for phrase in said if any(words in phrase for words in without)] == []
