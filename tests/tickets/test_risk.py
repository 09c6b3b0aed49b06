"""The risk of open tickets at a tick, its headline and its picture."""

from dataclasses import dataclass
from datetime import timedelta
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.models.model import RiskModel
from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.config.sla import SlaThresholds
from opsguard_assets.tickets.risk import risk
from opsguard_assets.tickets.risk.findings import RiskLevels, sla_findings
from opsguard_assets.tickets.risk.plots import sla_risk_distribution
from opsguard_assets.tickets.risk.risk import Marks, sla_risk, summary
from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.clocks import sla_clocks
from tests.properties import examples
from tests.tickets.frames import tables, utc
from tests.tickets.worlds import world

AS_OF = utc(2026, 6, 5, 12)
SHUT = [{"calendar_id": "shut", "weekday": 1, "opens": None, "closes": None}]


def ticket(name, **changes):
    opened = AS_OF - timedelta(minutes=changes.pop("age", 60))
    row = {"ticket_id": name, "client_id": "c", "priority": "high", "status": "open", "assignee_id": "a"}
    return {**row, "opened_at": opened, "updated_at": opened, **changes}


def scored(*rows, model=None, sites=(), calendars=(), describe=None, reasons_from=0.6):
    given = tables(rows, calendars=calendars, sites=sites)
    clocks = sla_clocks(*given, AS_OF)
    work = working_time(given[3], clocks.select("calendar_id", "timezone"), since=AS_OF, until=AS_OF)
    is_open = pl.col("status").is_in(["open", "on_hold"])
    return sla_risk(
        given[0].filter(is_open),
        clocks,
        work,
        model or RuleBaseline(),
        AS_OF,
        reasons_from=reasons_from,
        describe=describe,
    )


@dataclass(frozen=True)
class _Constant:
    value: float
    name: str = "constant"
    version: str = "7"
    needs_features: bool = False

    def predict(self, features: pl.DataFrame) -> pl.Series:
        return pl.Series([self.value] * len(features), dtype=pl.Float64)

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        return pl.Series(["because"] * len(features), dtype=pl.String)


def test_one_row_per_open_ticket_and_tick():
    found = scored(ticket("a"), ticket("b"), ticket("over", status="resolved", resolved_at=AS_OF))
    assert found.select("ticket_id", "as_of").rows() == [("a", AS_OF), ("b", AS_OF)]


def test_a_breach_is_a_fact_and_has_no_probability():
    found = scored(ticket("late", age=481), ticket("soon", age=479), model=_Constant(0.5))
    assert found.select("state", "risk").rows() == [("breached", None), ("running", 0.5)]
    assert (
        scored(ticket("late", age=500))["reason"][0]
        == "20 min of working time past the deadline, 8 h 20 min used, assigned"
    )


def test_every_open_ticket_is_scored_however_many_there_are():
    assert scored(*(ticket(str(n)) for n in range(1200)))["risk"].null_count() == 0


def test_a_paused_ticket_keeps_its_risk_and_says_why_it_stands():
    found = scored(ticket("p", status="on_hold"), ticket("q"), model=_Constant(0.65))
    assert found.select("state", "risk").rows() == [("paused", 0.65), ("running", 0.65)]
    assert scored(ticket("p", status="on_hold"))["reason"][0] is None
    assert found["reason"].to_list() == ["paused by on_hold, because", "because"]


def test_without_a_deadline_there_is_no_risk_but_a_reason():
    sites = [{"site_id": "s", "client_id": "c", "timezone": "UTC", "calendar_id": "shut"}]
    found = scored(ticket("n", site_id="s"), sites=sites, calendars=SHUT)
    assert found.select("risk", "reason").row(0) == (None, "no deadline: calendar shut never opens")


def test_the_model_is_named_in_every_row():
    assert isinstance(RuleBaseline(), RiskModel)
    assert isinstance(_Constant(0.1), RiskModel)
    assert scored(ticket("a"), model=_Constant(0.1)).select("model_name", "model_version").row(0) == ("constant", "7")


def test_a_model_that_reads_features_gets_them_and_speaks_of_risky_tickets_only(monkeypatch):
    @dataclass(frozen=True)
    class Learned(_Constant):
        needs_features: bool = True

        def predict(self, features):
            return features["risk"]

        def reasons(self, features):
            return pl.Series([f"{risk:.2f}, by features" for risk in features["risk"]], dtype=pl.String)

    def describe(readings):
        result = pl.col("ticket_id").replace_strict({"late": 0.9, "low": 0.1, "paused": 0.7, "high": 0.8})
        return readings.select("ticket_id", risk=result)

    rows = [ticket("late", age=500), ticket("low"), ticket("paused", status="on_hold"), ticket("high")]
    found = scored(*rows, model=Learned(0.0), describe=describe)
    assert found["risk"].to_list() == [None, 0.1, 0.7, 0.8]
    late = "20 min of working time past the deadline, 8 h 20 min used, assigned"
    assert found["reason"].to_list() == [late, None, "paused by on_hold, 0.70, by features", "0.80, by features"]
    with pytest.raises(ValueError, match="reads features; pass `describe`"):
        scored(*rows, model=Learned(0.0))
    monkeypatch.setattr(risk, "MOST_EXPLAINED", 1)
    fewer = scored(*rows, model=Learned(0.0), describe=describe)["reason"].to_list()
    assert fewer == [
        late,
        None,
        "paused by on_hold, 8 h 0 min of working time left, 0 min used, assigned",
        "0.80, by features",
    ]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(ValueError, match="no probabilities"):
        scored(ticket("a"), model=_Constant(value))


def test_a_model_that_loses_rows_is_refused():
    class Short(_Constant):
        def predict(self, features: pl.DataFrame) -> pl.Series:
            return super().predict(features).head(1)

    with pytest.raises(ValueError, match="gave 1 probabilities for 2 rows"):
        scored(ticket("a"), ticket("b"), model=Short(0.5))


def test_the_same_tick_twice_gives_the_same_rows_in_any_world():
    some = world(3, size=300)
    clocks = sla_clocks(*some.tables, some.as_of)
    pairs = clocks.select("calendar_id", "timezone").unique()
    work = working_time(some.tables[3], pairs, since=some.as_of, until=some.as_of)
    runs = [sla_risk(some.tables[0], clocks, work, RuleBaseline(), some.as_of, reasons_from=0.6) for _ in range(2)]
    assert runs[0].equals(runs[1])
    unasked = runs[0].filter(pl.col("reason").is_null())
    assert (unasked["risk"] < 0.60).all()
    assert runs[0].filter(pl.col("risk") >= 0.60)["reason"].null_count() == 0
    wanted = clocks.filter(pl.col("ended_at").is_null())["ticket_id"].sort()
    assert runs[0]["ticket_id"].sort().equals(wanted)


def test_the_headline_counts_states_and_shares_and_lists_what_can_still_be_saved():
    rows = [ticket(f"{n:02}", age=241) for n in range(30)] + [ticket("late", age=999), ticket("calm", age=1)]
    found = summary(scored(*rows), Marks())
    assert found.by_state == {"breached": 1, "running": 31}
    assert (found.open_tickets, found.share_to_alert, found.share_to_escalate) == (32, 30 / 32, 30 / 32)
    assert found.riskiest["ticket_id"].to_list() == [f"{n:02}" for n in range(20)]


def test_of_equal_risks_the_one_with_the_least_working_time_left_is_first_whatever_its_deadline():
    rows = scored(*(ticket(name, age=241) for name in ("much", "little", "paused"))).with_columns(
        remaining_minutes=pl.Series([600.0, 13.0, None]),
        resolution_due_at=pl.col("as_of") + pl.Series([timedelta(hours=12), timedelta(days=3), timedelta(hours=1)]),
    )
    assert rows["risk"].n_unique() == 1
    assert summary(rows, Marks()).riskiest["ticket_id"].to_list() == ["little", "much", "paused"]


def test_an_empty_tick_is_a_tick():
    none = scored()
    assert summary(none, Marks()).share_to_alert is None
    assert summary(none, Marks()).by_state == {}
    assert none.schema == scored(ticket("a")).schema
    assert "0 open tickets" in "".join(ET.fromstring(sla_risk_distribution(none, Marks())).itertext())


def test_the_picture_is_well_formed_and_the_same_for_the_same_rows():
    rows = scored(*(ticket(str(n), age=n * 9) for n in range(60)))
    assert sla_risk_distribution(rows, Marks()) == sla_risk_distribution(rows, Marks())
    assert ET.fromstring(sla_risk_distribution(rows, Marks())).tag == "{http://www.w3.org/2000/svg}svg"


@dataclass(frozen=True)
class _Told:
    """A model that gives each ticket the risk in its name."""

    name: str = "told"
    version: str = "1"
    needs_features: bool = True

    def predict(self, features: pl.DataFrame) -> pl.Series:
        return features["ticket_id"].cast(pl.Float64)

    def reasons(self, features: pl.DataFrame) -> pl.Series:
        return pl.Series(["because"] * len(features), dtype=pl.String)


_SHARE = st.integers(1, 999).map(lambda thousandths: thousandths / 1000)


@settings(max_examples=examples(60))
@given(st.lists(_SHARE, min_size=3, max_size=3).map(sorted), _SHARE, st.lists(_SHARE, min_size=1, max_size=6))
def test_every_alert_until_it_clears_and_every_escalation_has_a_reason(levels, escalate_from, risks):
    clear_below, alert_from, high_from = levels
    sla = SlaThresholds(
        clear_below=clear_below, alert_from=alert_from, high_from=high_from, escalate_from=escalate_from
    )
    names = {f"{risk:.12f}" for risk in (*risks, *levels, escalate_from)}
    found = scored(
        *(ticket(name) for name in sorted(names)),
        model=_Told(),
        describe=lambda readings: readings.select("ticket_id"),
        reasons_from=sla.reasons_from,
    )
    alerts = sla_findings(found, RiskLevels(sla.alert_from, sla.high_from, sla.clear_below))
    assert len(alerts) >= 1
    assert alerts["reason"].null_count() == 0
    assert found.filter(pl.col("risk") >= escalate_from)["reason"].null_count() == 0
    assert found.filter(pl.col("risk") < sla.reasons_from)["reason"].is_null().all()
