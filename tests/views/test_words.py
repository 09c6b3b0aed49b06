"""Texts, times and evidence as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.views.actions import Subject, subject_of
from opsguard_assets.views.clocks import day_clock, time_left
from opsguard_assets.views.evidence import facts_of
from opsguard_assets.views.texts import line, shortened
from tests.properties import examples

NOW = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)


@settings(max_examples=examples(200))
@given(st.text(max_size=80), st.integers(2, 40))
def test_a_shortened_text_is_one_line_without_control_characters(text, longest):
    found = shortened(text, longest)
    assert len(found) <= longest
    assert not {"\n", "\r", "\t", "\x1b", "\u202e", "\u2066", "\u200b", "\u061c", "\u2028"} & set(found)
    assert line(found) == found


def test_a_short_text_is_left_as_it_is():
    assert shortened("Größe, 電灯", 9) == "Größe, 電灯"
    assert shortened("Ticket about a lift", 10) == "Ticket ab…"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "today 23:30 CET"),
        (1, "tomorrow 00:30 CET"),
        (4, "tomorrow 04:30 CEST"),  # the night in which the clocks go forward
        (-24, "yesterday 23:30 CET"),
        (24 * 4, "Thu 2 Apr 2026 00:30 CEST"),
    ],
)
def test_an_instant_is_said_as_the_reader_counts_days(hours, words):
    assert day_clock(NOW + timedelta(hours=hours), NOW, "Europe/Berlin") == words


@pytest.mark.parametrize(("minutes", "words"), [(35, "35 min left"), (130, "2 h 10 min left"), (-51, "51 min ago")])
def test_time_left_is_said_in_words(minutes, words):
    assert time_left(minutes) == words


def test_evidence_is_said_with_units_and_without_what_is_empty():
    evidence = {
        "risk": 0.83, "open_tickets": 12, "is_paused": False, "note": "", "proposals": [{"name": "Ann"}],
        "resolution_due_at": "2026-03-28T23:30:00+00:00", "last_at": "yesterday\u202e", "_rank": 3.25,
    }  # fmt: skip
    assert facts_of(evidence, "Europe/Berlin") == [
        ("risk", "83.0%"), ("open tickets", "12"), ("is paused", "no"), ("resolution due at", "2026-03-29 00:30 CET"),
        ("last at", "yesterday\N{REPLACEMENT CHARACTER}"), ("rank", "3.2"),
    ]  # fmt: skip
    assert facts_of(None, "UTC") == []


def test_a_subject_is_read_as_it_is_written():
    assert subject_of(str(Subject("incident", 3))) == Subject("incident", 3)
    for strange in ("", "incident", "incident/0", "incident/-1", "incident/1/2", "ticket/1", "incident/1\n", "alert/१"):
        with pytest.raises(ValueError, match="is written like"):
            subject_of(strange)
