"""A pilot of a planted world: numbers as worked out apart from us, one number in every form, nobody else's rows."""

import io
import re
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pikepdf
import polars as pl
import pytest

from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.finance.pilot import enough, spoken
from opsguard_assets.finance.pilot.book import pilot_book
from opsguard_assets.finance.pilot.definitions import DEFINITIONS, SECTIONS
from opsguard_assets.finance.pilot.figures import estimates
from opsguard_assets.finance.pilot.io import House, PilotError, pilot_at
from opsguard_assets.finance.pilot.page import pilot_page
from opsguard_assets.finance.pilot.paper import pilot_pdf
from opsguard_assets.finance.pilot.periods import PeriodError, period
from opsguard_assets.finance.pilot.pilot import Waiting
from opsguard_assets.finance.pilot.recommend import Case, recommended
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.scorecards.kpis.schemas import Announcements
from opsguard_assets.tables.registry import TICKETS
from opsguard_assets.tables.table import dtypes_of, rows_of
from tests.finance.pilot.planted import (
    AS_OF,
    FIRST,
    LAST,
    Planted,
    berlin,
    newcombe,
    settings,
    wilson,
)
from tests.scorecards.forms.reading import words_of
from tests.web.browser import browser, needs_axe, needs_chromium


@pytest.fixture(scope="module")
def planted(tmp_path_factory, databases):
    return Planted(tmp_path_factory.mktemp("a pilot") / "lake", databases.migrated())


@pytest.fixture(scope="module")
def pilot(planted):
    return planted.pilot()


def value(pilot, code, of=None):
    return float(pilot.number(code, of).value)


def ends(number):
    return float(number.low), float(number.high)


def test_base_line_and_pilot_are_as_long_and_counted_by_their_own_deadlines(planted, pilot):
    assert (pilot.before, pilot.through, pilot.days) == (date(2026, 2, 2), LAST, 28)
    (kept,) = [each for each in pilot.compared if each.during.kpi == "sla_performance"]
    rows = planted.lake.known(TICKETS, AS_OF).filter(pl.col("client_id") == "a").collect().to_dicts()
    for first, found in ((pilot.before, kept.before), (pilot.first, kept.during)):
        starts, stops = berlin(first), berlin(first + timedelta(days=28))
        due = [row for row in rows if starts <= row["opened_at"] + timedelta(hours=24) < stops]
        in_time = sum(row["resolved_at"] <= row["opened_at"] + timedelta(hours=24) for row in due)
        assert (int(found.numerator), int(found.denominator)) == (in_time, len(due))
    expected = newcombe(
        (int(kept.during.numerator), int(kept.during.denominator)),
        (int(kept.before.numerator), int(kept.before.denominator)),
    )
    assert (float(kept.low), float(kept.high)) == pytest.approx([100 * end for end in expected[1:]], abs=1e-3)


def test_deadlines_kept_are_the_difference_of_both_arms_with_their_interval_and_worth(planted, pilot):
    (held, held_late), (acted, acted_late) = planted.held, planted.acted
    share, low, high = newcombe((held_late, held), (acted_late, acted))
    kept = pilot.number("breaches")
    assert (kept.how, kept.n) == ("measured", acted)
    assert float(kept.value) == pytest.approx(share * acted, abs=1e-3)
    assert ends(kept) == pytest.approx((low * acted, high * acted), abs=1e-3)
    assert float(kept.money) == pytest.approx(share * acted * 1_500, abs=1)
    assert value(pilot, "prevention_rate") == pytest.approx(100 * share / (held_late / held), abs=1e-3)
    assert (pilot.number("warned").part, pilot.number("warned").n) == (held_late + acted_late,) * 2
    assert value(pilot, "lead_hours") == 4
    assert pilot.number("estimate", "sla_breach") is None, "what is measured is not estimated"


def test_alerts_false_alarms_people_and_answers_are_those_that_were_planted(pilot):
    assert (pilot.number("watched").part, pilot.number("watched").n) == (1, 28)
    assert value(pilot, "alerts") == value(pilot, "alerts", "device_silent") == 6
    assert (pilot.number("taken_up").part, pilot.number("taken_up").n) == (2, 6)
    false = pilot.number("false_alarms")
    # Two were taken up; of the others nobody had to take any up in time.
    assert (false.part, false.n) == (4, 6)
    assert ends(false) == pytest.approx([100 * end for end in wilson(4, 6)], abs=1e-3)
    assert value(pilot, "false_alarm_cost") == 4 * 0.5 * 40
    people = {(each.code, each.of): int(each.value) for each in pilot.numbers if each.code.endswith("_by")}
    assert people == {("taken_up_by", "ada"): 1, ("taken_up_by", "bob"): 1, ("judged_by", "ada"): 3}
    mean = pilot.number("satisfaction")
    assert (pilot.number("response_rate").part, pilot.number("response_rate").n) == (3, 4)
    assert float(mean.value) == pytest.approx(13 / 3, abs=1e-5)
    assert ends(mean) == pytest.approx([1 + 4 * end for end in wilson(3 * (10 / 3) / 4, 3)], abs=1e-3)


def test_the_return_is_worth_less_false_alarms_against_the_list_price_of_the_plan_that_was_tried(pilot):
    assert (pilot.plan, pilot.is_trial) == ("silver", True)
    price = Decimal(2 * 300 * 28) / 31
    assert value(pilot, "price") == pytest.approx(float(price), abs=0.005)
    worth = value(pilot, "breaches") * 1_500
    assert value(pilot, "worth") == pytest.approx(worth, abs=1)
    assert value(pilot, "net_worth") == pytest.approx(worth - 80, abs=1)
    assert value(pilot, "times") == pytest.approx((worth - 80) / float(price), abs=0.01)
    low, high = ends(pilot.number("times"))
    assert 0 < low < value(pilot, "times") < high
    assert pilot.recommended == "silver"
    assert [each.code for each in pilot.reasons] == ["pays", "shadow"]
    shadow = pilot.reasons[1]
    assert (shadow.plan, shadow.count, shadow.features) == ("gold", 1, ("device_assurance",))


def test_no_data_is_words_and_never_zero(planted):
    empty = planted.pilot(first=date(2026, 1, 5), last=date(2026, 1, 18))
    by = spoken.speaker(empty)
    for code in ("breaches", "false_alarms", "satisfaction", "auto_resolution", "times", "warned", "alerts"):
        number = empty.number(code)
        assert number.value is None, code
        assert number.missing is not None, code
        assert spoken.value(number, by) == "no data"
    assert [each.during.kpi for each in empty.compared] == []
    page = pilot_page(empty, KPIS)
    assert "No key figure has data in either." in page
    assert empty.recommended is None


def test_another_clients_rows_never_move_a_number(tmp_path, databases):
    alone, beside = (
        Planted(tmp_path / f"lake {other}", databases.migrated(), with_other=other, number=120)
        for other in (False, True)
    )
    assert beside.pilot().model_dump() == alone.pilot().model_dump()
    assert value(alone.pilot(), "breaches") > 0
    other = pilot_at(House(beside.lake, beside.database, settings(), ALERT_TYPES), "b", (FIRST, LAST), AS_OF, "1.0")
    assert value(other, "alerts") == 20, "the other one's pilot has its own"


def test_without_a_hold_out_it_is_said_to_be_no_measurement_with_what_to_do(tmp_path, databases, planted):
    few = Planted(tmp_path / "lake", databases.migrated(), with_other=False, number=60)
    short = few.pilot(last=date(2026, 3, 8), as_of=AS_OF)
    held, acted = short.number("breaches"), few.held
    assert held.value is None
    assert held.missing == "too_few"
    assert short.number("any_announced").missing == "nothing"
    (waiting,) = [each for each in short.waiting if each.what == "breaches"]
    in_week = waiting.have
    assert 0 < in_week <= acted[0]
    assert waiting.weeks == -(-(30 - in_week) * 7 // (in_week * 7))
    assert short.recommended is None
    assert (short.reasons[0].code, short.reasons[0].count) == ("not_enough", waiting.weeks)
    assert "more week" in spoken.headline(short, spoken.speaker(short))
    plain = settings(sla={"holdout_share": 0.0})
    assert any(
        "estimate at best" in note
        for note in spoken.notes(short.model_copy(update={"holdout_share": Decimal(0)}), spoken.speaker(short))
    )
    assert planted.pilot(given=plain).number("breaches").how == "measured", "what was held back still counts"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((20, 100, None, 14, 0.2), (20, 30, 1, None)),
        ((10, 100, None, 14, 0.2), (10, 30, 4, None)),
        ((40, 12, None, 14, 0.2), (12, 30, 3, None)),
        ((0, 100, None, 14, 0.0), (0, 30, None, "no_holdout")),
        ((0, 0, None, 14, 0.2), (0, 30, None, "no_alerts")),
        ((40, 100, (10.0, -5.0), 14, 0.2), (40, 100, 3, None)),
        ((40, 100, (-3.0, -9.0), 14, 0.2), (40, 40, None, "no_effect")),
    ],
)
def test_weeks_that_are_missing_follow_from_the_pace(arguments, found):
    waiting = enough.of_prevention(*arguments)
    assert (waiting.have, waiting.needed, waiting.weeks, waiting.why) == found


def test_what_can_be_said_waits_for_nothing():
    assert enough.of_prevention(40, 100, (10.0, 2.0), 14, 0.2) is None
    assert enough.of_share("false_alarms", 30, 14) is None


def test_an_estimate_needs_a_base_line_that_nobody_touched_and_that_fits():
    def told(number, share, acted, month, risk=0.5):
        rows = [
            {"client_id": "a", "month": month, "problem": "sla_breach", "probability": risk,
             "came_true": n < share * number, "was_acted_on": acted}
            for n in range(number)
        ]  # fmt: skip
        return rows_of(Announcements, pl.DataFrame(rows, schema=dtypes_of(Announcements)))

    during = told(40, 0.2, True, FIRST)
    (good,) = estimates(during, told(50, 0.5, False, FIRST))
    assert (good.how, float(good.value), good.part, good.n) == ("estimated", 40 * 0.5 - 8, 8, 40)
    # The luck of forty outcomes, and forty times the error of a mean of fifty.
    assert float(good.high - good.value) == pytest.approx(1.96 * (40 * 0.25 + 40**2 * 0.25 / 49) ** 0.5, abs=1e-3)
    assert good.money is None
    for base, why in ((told(50, 0.5, True, FIRST), "acted_before"), (told(29, 0.5, False, FIRST), "not_checked"),
                      (told(50, 0.1, False, FIRST), "not_calibrated")):  # fmt: skip
        (none,) = estimates(during, base)
        assert (none.value, none.missing) == (None, why)
    (few,) = estimates(told(29, 0.2, True, FIRST), told(50, 0.5, False, FIRST))
    assert (few.value, few.missing) == (None, "few_announced")
    assert estimates(during, told(50, 0.5, False, FIRST), "sla_breach") == []


def case(**more):
    usual = {
        "plan": "silver", "worth": Decimal(100), "prices": {"bronze": Decimal(50), "silver": Decimal(150)},
        "is_comparable": True, "least": "bronze", "used": ("scorecard",), "waiting": (), "shadow": {},
    }  # fmt: skip
    return Case(**{**usual, **more})


WAITING = Waiting(what="breaches", have=3, needed=30, weeks=9)


@pytest.mark.parametrize(
    ("given", "plan", "codes"),
    [
        ({"worth": Decimal(150)}, "silver", ["pays"]),
        ({}, "bronze", ["does_not_pay", "used"]),
        ({"worth": None}, "bronze", ["worth_unknown", "used"]),
        ({"waiting": (WAITING,)}, None, ["not_enough"]),
        ({"worth": Decimal(150), "waiting": (WAITING,)}, "silver", ["pays"]),
        ({"worth": Decimal(150), "is_comparable": False}, None, ["other_currency"]),
        ({"plan": None}, None, ["no_plan"]),
        ({"least": None, "worth": None}, None, ["unused"]),
    ],
)
def test_a_plan_follows_from_what_was_measured_and_used_and_else_from_nothing(given, plan, codes):
    found, reasons = recommended(case(**given))
    assert (found, [each.code for each in reasons]) == (plan, codes)


def test_days_that_make_no_pilot_are_refused_and_one_that_runs_counts_whole_days():
    with pytest.raises(PeriodError, match="before it begins"):
        period(LAST, FIRST, "UTC", AS_OF)
    with pytest.raises(PeriodError, match="no day of the pilot is over"):
        period(date(2026, 4, 2), date(2026, 4, 20), "UTC", AS_OF)
    runs = period(FIRST, LAST, "Europe/Berlin", berlin(date(2026, 3, 10)) + timedelta(hours=5))
    assert (runs.through, runs.days, runs.before) == (date(2026, 3, 9), 8, date(2026, 2, 22))
    assert (runs.since, runs.until) == (berlin(FIRST), berlin(date(2026, 3, 10)))


def test_a_client_that_nobody_knows_is_named(planted):
    with pytest.raises(PilotError, match="no client 'zz' is known"):
        pilot_at(House(planted.lake, planted.database, settings(), ALERT_TYPES), "zz", (FIRST, LAST), AS_OF, "1.0")


def test_one_number_is_the_same_in_all_three_forms_and_hostile_names_stay_text(pilot):
    by, book = spoken.speaker(pilot), pilot_book(pilot, KPIS)
    page, paper = pilot_page(pilot, KPIS), pilot_pdf(pilot, KPIS, book)
    sheet = openpyxl.load_workbook(io.BytesIO(book), data_only=False)["Pilot"]
    rows = {}
    head = next(n for n in range(1, 40) if sheet.cell(n, 14).value == "Code")
    for n in range(head + 1, sheet.max_row + 1):
        rows.setdefault((sheet.cell(n, 14).value, sheet.cell(n, 1).value), n)
    said = text_of(paper)
    for number in pilot.numbers:
        row = spoken.row(number, pilot, by)
        cell = sheet.cell(rows[number.code, row.label], 2).value
        if number.value is None:
            assert cell == row.value == "no data"
        else:
            assert float(cell) == pytest.approx(float(number.value), abs=1e-6), number.code
        assert f">{row.value}<" in page, row
        assert squeezed(row.value) in said, row
    assert (page, book) == (pilot_page(pilot, KPIS), pilot_book(pilot, KPIS))
    assert pilot_pdf(pilot, KPIS, book) == paper
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"(?:src|href)=\"(?!#)", page), "nothing is loaded from elsewhere"
    assert "\u202e" not in page
    assert sheet.cell(1, 1).value.startswith("=cmd|")
    assert sheet.cell(1, 1).data_type == "s", "a name is never a formula"
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert document.attachments["pilot.xlsx"].get_file().read_bytes() == book
    assert squeezed("#eval(1) $x$") in said


@needs_chromium
@needs_axe
def test_the_page_breaks_no_rule_of_accessibility_and_is_as_wide_as_its_screen(pilot, tmp_path):
    file = tmp_path / "a pilot.html"
    file.write_text(pilot_page(pilot, KPIS), encoding="utf-8")
    with browser() as page:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        page.call("Page.setBypassCSP", enabled=True)
        for width, scheme in ((360, "light"), (800, "dark"), (1280, "light")):
            page.shown_as(width=width, scheme=scheme)
            page.open(file.as_uri())
            assert page.violations() == []
            assert page.width() == width


def squeezed(words):
    return re.sub(r"\s", "", words)


def text_of(paper):
    """The words of a PDF without blanks."""
    with pikepdf.open(io.BytesIO(paper)) as document:
        return squeezed(words_of(document))


def test_in_german_it_is_german_with_german_numbers(pilot):
    german = pilot.model_copy(update={"language": "de", "locale": "de_DE"})
    page = pilot_page(german, KPIS)
    assert "Empfohlen: Silber." in page
    assert 'lang="de"' in page
    rate = spoken.value(german.number("prevention_rate"), spoken.speaker(german))
    assert re.fullmatch(r"\d+,\d\N{NO-BREAK SPACE}%", rate)
    assert f">{rate}<" in page


def test_every_number_has_a_definition_and_a_source(pilot):
    assert {each.code for each in pilot.numbers} <= set(DEFINITIONS)
    assert {each.section for each in pilot.numbers} == set(SECTIONS)
    assert all(each.words and each.source for each in DEFINITIONS.values())
