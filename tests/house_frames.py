"""Frames without a schema that cross the border of a sub-package: `test_house_rules` lets none be added.

A function that another sub-package imports takes and returns `dy.DataFrame[Schema]`; `Table.rows` and
`opsguard_assets.tables.table.rows_of` make one. A function that gets types here leaves the list.
"""

# Rooms whose frames have the columns of whatever they are given: features of any problem, rows of any table.
ANY_COLUMNS = ("ml/", "resources/", "opsguard_assets/models/")
# Rooms whose frames have no schemas yet.
WITHOUT_SCHEMAS = tuple(
    f"opsguard_assets/{room}/"
    for room in (
        "alerts", "delivery", "duty", "effects", "external", "incidents", "remediation",
        "routing", "satisfaction", "triage", "views",
        "web",
    )
)  # fmt: skip

UNTYPED_FRAMES = {
    # Rows of any canonical table, or raw rows as a source delivered them.
    "opsguard_assets/derivation.py": {"in_portions", "touched"},
    "opsguard_assets/intake/ledger/ledger.py": {"drift", "profile", "with_every_column"},
    "opsguard_assets/intake/ledger/quarantine.py": {"rejected_rows"},
    "opsguard_assets/intake/mapping/conform.py": {"Conformed", "conform"},
    "opsguard_assets/intake/mapping/origin.py": {"RawRows"},
    "opsguard_assets/intake/raw/row_memory.py": {"RowMemory"},
    "opsguard_assets/intake/raw/spool.py": {"Part"},
    "opsguard_assets/intake/raw/types.py": {"columns_beyond"},
    "opsguard_assets/simulator/twin.py": {"Simulation", "intervene", "simulate"},
    "opsguard_assets/tables/local_time.py": {"to_utc"},
    "opsguard_assets/tables/reports.py": {"fill"},
    "opsguard_assets/tables/table.py": {"Table", "rows_of", "typed_as"},
    "opsguard_assets/tables/validate.py": {"Validated", "validate"},
    "opsguard_assets/tables/versions.py": {"Revision", "revise"},
    # Versions of a canonical table: its columns, and those that say until when a version was the row.
    "opsguard_assets/shifts/verdicts/evidence_io.py": {"Evidence"},
    "opsguard_assets/tickets/sla/clock_history.py": {"TicketHistory", "readings_at", "valid"},
    # Frames of a prediction problem: features and labelled moments.
    "opsguard_assets/devices/failure/dataset.py": {"DeviceDataset"},
    "opsguard_assets/tickets/learning/dataset.py": {"TicketDataset"},
    "opsguard_assets/tickets/learning/features_io.py": {"features_at"},
    # Small frames that are shown: their columns are the words of a page.
    "opsguard_assets/intake/ledger/report.py": {"as_markdown", "ledger_summary", "rejected_per_rule"},
    "opsguard_assets/metadata.py": {"preview"},
    "opsguard_assets/shifts/verdicts/words.py": {"trouble"},
    "opsguard_assets/tickets/risk/risk.py": {"RiskSummary"},
    "opsguard_assets/tickets/sla/figures.py": {"breach_rates", "open_over_time", "without_deadline"},
    # Who is asked about: a client and a feature or type of alerts, of whatever else a row has.
    "opsguard_assets/entitlements/entitled.py": {"entitled", "entitled_to_alerts"},
    # Any table that a file is made of, and the tables of revenue together.
    "opsguard_assets/finance/invoices/files.py": {"Sheet", "as_csv"},
    "opsguard_assets/finance/revenue/figures_io.py": {"Revenue"},
    # A few columns of one or of several tables: keys, or what one step needs of a wide table.
    "opsguard_assets/devices/failure/problem_io.py": {"removed_at"},
    "opsguard_assets/finance/projection/returns.py": {"from_measured"},
    "opsguard_assets/finance/revenue/states.py": {"states"},
    "opsguard_assets/devices/telemetry/site_silence.py": {"looked_back", "silent_together", "waited_for"},
    "opsguard_assets/scorecards/kpis/months.py": {"in_month"},
    "opsguard_assets/scorecards/kpis/past_io.py": {"Past"},
    "opsguard_assets/scorecards/card/io.py": {"Cards"},
    "opsguard_assets/scorecards/forms/book.py": {"book"},
    "opsguard_assets/scorecards/value/estimate.py": {"estimates"},
    # Counts by client that pilots take of revenue, a few columns each.
    "opsguard_assets/finance/revenue/io.py": {"counted", "shadow_at"},
    "opsguard_assets/finance/revenue/upgrades.py": {"upgrade_candidates"},
    "opsguard_assets/finance/revenue/use.py": {"usage"},
    "opsguard_assets/shifts/calendar/posts.py": {"with_missing"},
    "opsguard_assets/shifts/coverage/substitutes.py": {"proposals"},
    "opsguard_assets/shifts/verdicts/io.py": {"Judged"},
    "opsguard_assets/shifts/verdicts/plots.py": {"coverage_bars"},
    "opsguard_assets/tables/public_holidays.py": {"holiday_days"},
    "opsguard_assets/tickets/escalation/inputs.py": {"with_withheld"},
    "opsguard_assets/tickets/sla/calendars.py": {"working_time"},
    "opsguard_assets/tickets/sla/derive_io.py": {"Following", "tickets_touched"},
    "opsguard_assets/tickets/sla/promises.py": {"promises"},
    "opsguard_assets/tickets/sla/snapshot_io.py": {"history_of"},
    "opsguard_assets/tickets/sla/tick.py": {"clocks_at"},
    "opsguard_assets/tickets/sla/working_time.py": {"WorkingTime"},
}
