"""The value of a window is read from decisions, rows of key figures, playbooks and contracts."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.alerts.suppression import holdout_place
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS
from opsguard_assets.scorecards.value.io import value_at, window_start
from opsguard_assets.tables.registry import CLIENTS, SLA_POLICIES, TICKETS
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.lake import Lake

MONTH = date(2026, 10, 1)
AS_OF = datetime(2026, 11, 2, 3, tzinfo=UTC)
SHARE = 0.25
SETTINGS = Settings.model_validate({"money": {"breach_cost": 1_500, "clients": {"b": {"breach_cost": 4_000}}}})


def rows_of(table, rows):
    known = [{"known_at": AS_OF - timedelta(days=400), **row} for row in rows]
    return pl.DataFrame(known, schema=table.dtypes)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def world(lake, database):
    """Two clients with 200 alerted tickets each in October; all held back are late, and none that was acted on."""
    number = range(400)
    names = pl.Series([f"t{n}" for n in number])
    held = holdout_place(names) < SHARE
    client = ["ab"[n % 2] for n in number]
    opened = [datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=n) for n in number]
    lake.record(
        CLIENTS, rows_of(CLIENTS, [{"client_id": c, "name": c, "timezone": "UTC"} for c in "ab"]), loaded_at=AS_OF
    )
    tickets = [
        {
            "ticket_id": names[n], "client_id": client[n], "priority": "high", "status": "closed",
            "opened_at": opened[n], "updated_at": opened[n],
        }
        for n in number
    ]  # fmt: skip
    lake.record(TICKETS, rows_of(TICKETS, tickets), loaded_at=AS_OF)
    policy = {
        "policy_id": "p", "client_id": "b", "priority": "high", "response_minutes": 60, "resolution_minutes": 480,
        "penalty_amount": 900.0,
    }  # fmt: skip
    lake.record(SLA_POLICIES, rows_of(SLA_POLICIES, [policy]), loaded_at=AS_OF)
    outcomes = pl.DataFrame(
        {
            "kpi": "sla_performance", "month": date(2026, 10, 1), "client_id": client, "site_id": None,
            "entity_type": "ticket", "entity_id": names, "at": opened, "numerator": (~held).cast(pl.Float64),
            "denominator": 1.0, "measure": None, "excluded": None,
        },
        schema=KPI_ROWS.dtypes,
    )  # fmt: skip
    older = outcomes.head(1).with_columns(month=pl.lit(date(2026, 9, 1)), entity_id=pl.lit("old"))
    order = older.with_columns(kpi=pl.lit("vendor_jobs_in_time"), entity_id=pl.lit("w1"), numerator=pl.lit(0.0))
    rows = KPI_ROWS.rows(pl.concat([outcomes, older, order]))
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings) "
                "VALUES ('sla', 'sla_breach_risk:' || :name, :at, :at, 1, :decision, 1)"
            ),
            [{"name": names[n], "at": opened[n], "decision": "held back" if held[n] else "raised"} for n in number],
        )
    return held, client, rows


def test_the_value_is_that_of_alerted_tickets_of_the_window(lake, database, world):
    held, client, rows_of_figures = world
    found = value_at(Past.read(database, AS_OF, MONTH), lake, SETTINGS, ALERT_TYPES, rows_of_figures, MONTH, AS_OF)
    rows = {(row["client_id"], row["item"]): row for row in found.to_dicts()}
    acted = {name: sum(not held[n] for n, of in enumerate(client) if of == name) for name in "ab"}
    assert rows["a", "breaches"]["count"] == acted["a"], "each one that was acted on would have been late"
    assert rows["a", "breaches"]["money"] == acted["a"] * 1_500
    assert rows["b", "penalties"]["money"] == acted["b"] * 900, "the contract names the penalty"
    assert rows["b", "breaches"]["money"] is None
    assert rows["a", "breaches"]["held_back"] == 200 - acted["a"]
    assert rows["a", "breaches"]["months"] == 1, "since the first alert"
    assert rows["a", "late_orders"]["months"] == 2, "since the first row"
    assert rows[None, "breaches"]["count"] == sum(acted.values())
    assert rows["a", "late_orders"]["count"] == 1


def test_the_window_is_the_twelve_months_to_the_month():
    assert window_start(date(2026, 10, 1)) == date(2025, 11, 1)
    assert window_start(date(2026, 12, 1)) == date(2026, 1, 1)
    assert window_start(date(2026, 1, 1)) == date(2025, 2, 1)


def test_where_nothing_is_held_back_there_is_an_estimate_by_the_scores_that_are_kept(lake, database, world):
    _, client, outcomes = world
    with database.begin() as connection:
        connection.execute(text("UPDATE decisions SET decision = 'raised'"))
        connection.execute(
            text("UPDATE decisions SET decision = 'not in the plan' WHERE dedup_key = ANY (:keys)"),
            {"keys": [f"sla_breach_risk:t{n}" for n in range(400) if client[n] == "b"]},
        )
    # All tickets have odds of 0.8. Of client b, whom nobody tells, 80 % are late, of client a a half.
    late = pl.Series([(n // 2) % 5 != 0 if client[n] == "b" else (n // 2) % 2 == 0 for n in range(400)])
    named = pl.DataFrame({"entity_id": [f"t{n}" for n in range(400)], "late": late})
    rows = outcomes.join(named, on="entity_id", how="left").with_columns(
        numerator=pl.when(pl.col("late")).then(0.0).otherwise("numerator")
    )
    rows = KPI_ROWS.rows(rows.with_columns(numerator=pl.when(pl.col("late").not_()).then(1.0).otherwise("numerator")))
    first = datetime(2026, 10, 1, tzinfo=UTC)
    scores = pl.DataFrame(
        [
            {
                "ticket_id": f"t{n}", "as_of": first + timedelta(hours=n, minutes=15 * k), "client_id": client[n],
                "state": "running", "risk": risk, "model_name": "lightgbm", "model_version": "1",
                "date": (first + timedelta(hours=n, minutes=15 * k)).date(),
            }
            for n in range(400)
            for k, risk in enumerate((0.2, 0.8, 0.99))
        ],
        schema=SLA_RISK.dtypes,
    )  # fmt: skip
    lake.replace(SLA_RISK.derived_name, scores, partition_by=["date"])
    found = value_at(Past.read(database, AS_OF, MONTH), lake, SETTINGS, ALERT_TYPES, rows, MONTH, AS_OF)
    row = found.filter(pl.col("client_id") == "a", pl.col("item") == "breaches").row(0, named=True)
    assert (row["method"], row["announced"], row["happened"], row["checked_on"]) == ("estimated", 200, 100, 200)
    assert row["expected"] == pytest.approx(160), "by the first score at the threshold, not by later ones"
    assert 0 < row["low"] < row["count"] < row["high"]
    assert row["money"] is None
    assert row["window_starts"] == date(2026, 10, 1)
    late_odds = scores.with_columns(risk=pl.col("risk") * 0.9)
    lake.replace(SLA_RISK.derived_name, late_odds, partition_by=["date"])
    again = value_at(Past.read(database, AS_OF, MONTH), lake, SETTINGS, ALERT_TYPES, rows, MONTH, AS_OF)
    methods = again.filter(pl.col("item") == "breaches")["method"].unique().to_list()
    assert methods == ["too_few"], "odds that do not hold where nobody was told estimate nothing"
