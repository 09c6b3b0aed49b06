"""Every sentence on work orders, against the facts that its row was made of."""

from calendar import month_name

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.problems.work_order_late.features import FEATURES
from ml.problems.work_order_late.rule import WorkOrderRule
from ml.problems.work_order_late.words import topics
from tests.ml.words.facts import maybe, number_of, percent_said, rounded, rows_of, said_by, shrunk
from tests.properties import examples


@st.composite
def orders(draw):
    """An order as facts, and the features that these make."""
    vendor, pair = draw(st.integers(0, 100)), draw(st.integers(0, 100))
    facts = {"vendor": (draw(st.integers(0, vendor)), vendor), "pair": (draw(st.integers(0, pair)), pair)}
    recent = min(vendor, 10)
    facts["recent"] = (draw(st.integers(0, recent)), recent)
    everywhere = draw(st.floats(0, 0.9))
    own = shrunk(*facts["vendor"], 8.0, everywhere)
    groups = {}
    for name, prior, usual in (("site", 8, everywhere), ("client", 8, everywhere), ("category", 8, everywhere),
                               ("vendor_category", 32, own)):  # fmt: skip
        number = draw(st.integers(0, 100))
        groups[name] = number
        late = draw(st.integers(0, number))
        facts[name] = number
        groups[name] = shrunk(late, number, float(prior), usual)
    lead = draw(st.floats(1, 2_000))
    left = draw(st.floats(-20, 2_000))
    row = {
        "hours_to_due": left,
        "lead_hours": lead,
        "elapsed_share": 1 - left / lead,
        "is_accepted": float(draw(st.booleans())),
        "estimated_hours": draw(maybe(st.floats(0.5, 80))),
        "priority_rank": draw(maybe(st.integers(1, 4).map(float))),
        "month": float(draw(st.integers(1, 12))),
        "batch_size": float(draw(st.integers(1, 9))),
        "vendor_batches": float(vendor),
        "vendor_rate": own,
        "vendor_recent_rate": shrunk(*facts["recent"], 32.0, own),
        "pair_batches": float(pair),
        "pair_rate": shrunk(*facts["pair"], 32.0, own),
        **{f"{name}_rate": rate for name, rate in groups.items()},
        "all_rate": everywhere,
        "vendor_open": float(draw(st.integers(0, 9))),
        "vendor_overdue": float(draw(st.integers(0, 9))),
        "site_open": float(draw(st.integers(0, 9))),
    }
    return facts, row


def missed_of(late, number):
    return "its only past due time" if number == 1 else f"{late} of its last {number_of(number, 'due time')}"


def known_of(number):
    return number_of(number, "past due time") if number else "no past due time"


def expected(facts, row):
    vendor, pair, recent = facts["vendor"], facts["pair"], facts["recent"]
    lead, share = row["lead_hours"], row["elapsed_share"]

    def above(name, usual, of, whose):
        rate = row[f"{name}_rate"]
        return (
            f"late {of} are put at {percent_said(rate)}, {whose} at {percent_said(usual)}"
            if rate > usual + 1e-9
            else None
        )

    priority = {1: "of low priority", 2: "of medium priority", 3: "of high priority", 4: "critical"}
    return {
        "vendor_rate": f"the vendor missed {missed_of(*vendor)}" if vendor[0] else None,
        "vendor_recent_rate": f"the vendor missed {missed_of(*recent)}" if recent[0] else None,
        "pair_rate": f"the vendor missed {missed_of(*pair)} at this site" if pair[0] else None,
        "vendor_batches": f"{known_of(vendor[1])} of the vendor known",
        "pair_batches": f"{known_of(pair[1])} of the vendor at this site known",
        "vendor_open": f"the vendor has {number_of(row['vendor_open'], 'open order')}, "
        f"{int(row['vendor_overdue'])} overdue" if row["vendor_open"] else None,
        "vendor_overdue": f"the vendor has {number_of(row['vendor_overdue'], 'overdue order')}"
        if row["vendor_overdue"] else None,
        "site_open": f"the site has {number_of(row['site_open'], 'open order')}" if row["site_open"] else None,
        "site_rate": above("site", row["all_rate"], "orders at this site", "of all"),
        "client_rate": above("client", row["all_rate"], "orders of this client", "of all"),
        "category_rate": above("category", row["all_rate"], "orders of this kind", "of all"),
        "vendor_category_rate": above(
            "vendor_category", row["vendor_rate"], "the vendor's orders of this kind", "of all its orders"
        ),
        "all_rate": f"late orders everywhere are put at {percent_said(row['all_rate'])}",
        "lead_hours": f"time given: {number_of(lead, 'hour') if lead < 48 else number_of(lead / 24, 'day')}",
        "elapsed_share": f"{percent_said(share)} of the time given has passed" if 0 <= share <= 1 else None,
        "estimated_hours": None if row["estimated_hours"] is None
        else f"estimated at {rounded(row['estimated_hours'], 1)} h",
        "is_accepted": None if row["is_accepted"] else "not accepted yet",
        "priority_rank": None if row["priority_rank"] is None else priority[int(row["priority_rank"])],
        "month": f"due in {month_name[int(row['month'])]}",
        "batch_size": f"{int(row['batch_size'])} orders are due at once" if row["batch_size"] > 1 else None,
    }  # fmt: skip


@settings(max_examples=examples(100))
@given(st.lists(orders(), min_size=1, max_size=4))
def test_every_sentence_on_an_order_is_made_of_its_own_feature_and_holds(drawn):
    frame = rows_of(FEATURES, [row for _, row in drawn])
    reasons = topics(frame)
    said_by(reasons, [expected(*one) for one in drawn])
    members = {name for features in reasons.members.values() for name in features}
    assert members - set(reasons.phrases) == {"hours_to_due"}  # which is always said
    for (facts, row), always, rule in zip(drawn, reasons.always, WorkOrderRule().reasons(frame), strict=True):
        hours = rounded(row["hours_to_due"], 1)
        assert always == (f"due in {abs(hours)} h" if hours >= 0 else f"due {-hours} h ago")
        here, anywhere = (
            f"{facts[name][0]} of {number_of(facts[name][1], 'past due time')}" for name in ("pair", "vendor")
        )
        estimate = percent_said(row["pair_rate"], 1)
        assert rule == f"the vendor missed {here} at this site and {anywhere} anywhere; the estimate is {estimate}"


@given(orders())
def test_a_group_without_a_history_is_no_reason(drawn):
    facts, row = drawn
    result = topics(rows_of(FEATURES, [row])).phrases
    without = [name for name in ("site", "client", "category", "vendor_category") if not facts[name]]
    assert {name: result[f"{name}_rate"].to_list() for name in without} == {name: [None] for name in without}
