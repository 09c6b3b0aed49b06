"""`opsguard finance`: revenue, invoices, projections, returns, the page. Not here: figures (`finance`)."""

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands.moments import AS_OF_HELP, instant_or_now, month_in
from opsguard_assets.commands.names_found import nearest
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    Session,
    environment_of,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.config.load import load_settings_of
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.finance.invoices.files import as_csv, as_workbook
from opsguard_assets.finance.invoices.month import invoices_of, newest_month
from opsguard_assets.finance.pages.page import finance_page, headline, number, said
from opsguard_assets.finance.pages.shown_io import (
    add_on_prices,
    measured_returns,
    shown_of,
    workbook_of,
)  # fmt: skip
from opsguard_assets.finance.projection.returns import from_inputs
from opsguard_assets.finance.projection.scenarios import PLANNED, Scenario, ScenarioError, parsed, rows_of, sensitivity
from opsguard_assets.finance.revenue.figures_io import Revenue, revenue_at
from opsguard_assets.finance.revenue.io import known_at
from opsguard_assets.finance.revenue.schemas import ARR, CHURN_RISK, MRR, SUBSCRIPTIONS, UPGRADES
from opsguard_assets.intake.mapping.contract import misfits

app = typer.Typer(
    rich_markup_mode=None, add_completion=False, no_args_is_help=True,
    help="Recurring revenue and its movements, invoices, projections, returns, and a page of all of it.",
)  # fmt: skip
_AsOf = Annotated[str | None, typer.Option(help=AS_OF_HELP)]
_MonthOption = Annotated[date | None, typer.Option(parser=month_in, help="A month such as 2026-11.")]
# Decimals that are no money.
_COUNTED = frozenset({"sites", "paying_sites", "prevented", "times", "times_from", "times_to"})
_Scenarios = Annotated[Path | None, typer.Option(help="A YAML file with your own scenarios.")]


def _revenue(session: Session, as_of: datetime) -> Revenue:
    place = session.installation
    return revenue_at(place.lake, place.database, session.settings, ALERT_TYPES, as_of)


def _scenarios_of(path: Path | None) -> tuple[Scenario, ...]:
    if path is None:
        return PLANNED
    try:
        return parsed(path.expanduser().read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise ActionError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ActionError(f"{path} cannot be read: {error}.") from None
    except ScenarioError as error:
        raise ActionError(str(error)) from None


def _plain(rows: pl.DataFrame | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for the screen: money with its cents, shares as percent, unknown as nothing."""
    found = rows.to_dicts() if isinstance(rows, pl.DataFrame) else rows
    return [{name: _shown(name, value) for name, value in row.items()} for row in found]


def _shown(name: str, value: Any) -> Any:
    if value is not None and name.endswith(("retention", "adoption")):
        return f"{value:.1%}"
    if isinstance(value, Decimal):
        return number(value) if name in _COUNTED else f"{value:,.2f}"
    if isinstance(value, date) and name == "month":
        return f"{value:%Y-%m}"
    return said(value) if isinstance(value, str) else value


@app.command()
def mrr(
    month: _MonthOption = None, as_of: _AsOf = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show monthly recurring revenue: balances and movements of each month, and who moved in one of them.

    Example: `opsguard finance mrr --month 2026-11`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        found = _revenue(session, moment)
        currency = session.settings.plans.currency
    months, rows = found.rows(ARR), found.rows(MRR)
    if month is not None:
        asked = pl.col("month") == month
        months, rows = ARR.rows(months.filter(asked)), MRR.rows(rows.filter(asked))
    moved = rows.filter(pl.col("movement").is_not_null()).sort("month", "amount", descending=True)
    if as_json:
        print_json(
            {
                "currency": currency, "months": months.to_dicts(), "movements": moved.to_dicts(),
                "subscriptions": found.rows(SUBSCRIPTIONS).to_dicts(), "to_come": found.coming.to_dicts(),
                "churn_risk": found.rows(CHURN_RISK).to_dicts(), "upgrade_candidates": found.rows(UPGRADES).to_dicts(),
                "unknown_clients": found.unknown, "clients_without_plan": found.unplanned,
            }
        )  # fmt: skip
        return
    if month is not None and months.is_empty():
        raise ActionError(
            f"No client was known in {month:%B %Y}; `opsguard finance mrr` shows the months that there are."
        )
    stated = months if month is not None else months.filter(~pl.col("is_provisional"))
    typer.echo(headline(next(iter(stated.tail(1).to_dicts()), None), currency))
    shown = months.sort("month", descending=True).head(13).drop("arr").rename({"is_provisional": "so_far"})
    print_rows(f"Months, money in {currency}", _plain(shown.with_columns(so_far=_yes("so_far"))))
    if found.unknown:
        known = dict.fromkeys(found.known.clients["client_id"])
        close = {each: nearest(each, known) for each in found.unknown}
        names = ", ".join(
            f"{said(each)} (did you mean {said(it)}?)" if it else said(each) for each, it in close.items()
        )
        typer.echo(
            f"`plans.clients` names clients that no source knows: {names}. Their terms change nothing.", err=True
        )
    if found.unplanned:
        typer.echo(f"No plan is known of {', '.join(map(said, found.unplanned))}: nothing is charged.", err=True)
    columns = ("month", "client_id", "movement", "amount", "by_sites", "by_price", "start", "mrr")
    print_rows("Movements", _plain(moved.select(columns).head(20)))


def _yes(name: str) -> pl.Expr:
    return pl.when(name).then(pl.lit("yes"))


@app.command()
def invoices(
    month: _MonthOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder for lines as CSV and XLSX; created if missing.")] = None,
    as_of: _AsOf = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the invoices of a month and whether they close; write their lines as CSV and XLSX with --out.

    Example: `opsguard finance invoices --month 2026-11 --out invoices`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        settings, newest = session.settings, newest_month(session.settings, moment)
        if month is not None and month > newest:
            raise ActionError(
                f"{month:%B %Y} cannot be invoiced yet: with billing.changes {settings.billing.changes} the newest "
                f"month is {newest:%Y-%m}."
            )
        known = known_at(session.installation.lake, settings.plans, moment)
        found = invoices_of(known, settings, month or newest)
    name = f"invoices-{found.month:%Y-%m}"
    if out is not None:
        folder = out.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv").write_bytes(as_csv(found.lines))
        book = as_workbook(found.sheets, created=moment, currency=settings.plans.currency)
        (folder / f"{name}.xlsx").write_bytes(book)
    if as_json:
        print_json({"month": found.month, "lines": found.lines.to_dicts(), "clients": found.reconciliation.to_dicts()})
    else:
        total, currency = found.lines["amount"].sum(), settings.plans.currency
        print_rows(f"Invoices of {found.month:%B %Y}: {total:,.2f} {currency}", _plain(found.reconciliation))
        if out is not None:
            typer.echo(f"{len(found.lines):,} lines are written to {folder / name}.csv and .xlsx")
    if len(found.open):
        raise ActionError(f"{len(found.open)} clients do not close; do not send these invoices, and report it.")


@app.command()
def projection(scenarios: _Scenarios = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show scenarios of annual recurring revenue, and how much each input moves them.

    Example: `opsguard finance projection --scenarios mine.yaml`.
    """
    found = _scenarios_of(scenarios)
    currency = load_settings_of(environment_of(config), os.environ, misfits).plans.currency
    swings = [
        {"scenario": each.name, "input": name, "a_fifth_less": low, "a_fifth_more": high}
        for each in found
        for name, low, high in sensitivity(each)
    ]
    if as_json:
        print_json({"currency": currency, "scenarios": rows_of(found), "sensitivity": swings})
        return
    print_rows(f"Scenarios: sites times adoption times price times 12, in {currency}", _plain(rows_of(found)))
    print_rows("Sensitivity", _plain(swings))


@app.command()
def roi(as_of: _AsOf = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what features cost and save in a month: by inputs, and by what was measured.

    Example: `opsguard finance roi --json`.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    with opened(config) as session:
        found = _revenue(session, moment)
        measured = measured_returns(session.installation.lake, found)
        prices, currency = add_on_prices(session.settings.plans, moment), session.settings.plans.currency
    if as_json:
        print_json({"currency": currency, "by_inputs": from_inputs(), "measured": measured, "add_ons": prices})
        return
    print_rows(f"By inputs, a month, in {currency}", _plain(from_inputs()))
    print_rows(f"By what was measured, all clients together, a month, in {currency}", _plain(measured))
    print_rows(f"Add-ons beside plans, a month, in {currency}", _plain(prices))


@app.command()
def page(
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: below OPSGUARD_HOME.")] = None,
    scenarios: _Scenarios = None,
    as_of: _AsOf = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the finance page (HTML) and its figures (XLSX).

    Example: `opsguard finance page`, then open the page that it names.
    """
    moment = instant_or_now(as_of, "--as-of", config)
    chosen = _scenarios_of(scenarios)
    with opened(config) as session:
        found = _revenue(session, moment)
        shown = shown_of(session.installation.lake, session.settings, found, chosen)
        book = workbook_of(session.settings, found, chosen)
        home = session.installation.environment.home
    folder = out.expanduser().resolve() if out else home / "reports" / "finance"
    folder.mkdir(parents=True, exist_ok=True)
    files = {"page": folder / "finance.html", "workbook": folder / "finance.xlsx"}
    files["page"].write_text(finance_page(shown), encoding="utf-8")
    files["workbook"].write_bytes(book)
    if as_json:
        print_json({name: str(path) for name, path in files.items()})
    else:
        typer.echo(f"Written: {files['page']} and {files['workbook'].name} beside it.")
