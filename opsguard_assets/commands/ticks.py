"""`opsguard ticks`: lists settled ticks, and withdraws those that were settled by mistake.

Here: the commands. Not here: withdrawing (`opsguard_assets.withdrawal`), running a tick (`opsguard tick`).
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.moments import instant
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.moment import TOLERANCE
from opsguard_assets.withdrawal import KINDS, Withdrawn, settled_ticks, withdraw, withdrawals

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="List settled ticks, by whom and when; withdraw those that were settled by mistake.",
    epilog="A tick ran for a wrong moment? `opsguard ticks list --future`, then `opsguard ticks withdraw`.",
)


class Kind(StrEnum):
    """What can be withdrawn."""

    _ignore_ = "each"
    for each in KINDS:
        vars()[each.upper()] = each


_Kinds = Annotated[list[Kind] | None, typer.Argument(help="Kinds of ticks. Default: all.")]


@app.command("list")
def listed(
    kinds: _Kinds = None,
    future: Annotated[bool, typer.Option("--future", help="Only moments in the future.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="List withdrawn ticks instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of ticks, newest first.")] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the ticks that jobs computed and monitors settled, newest first.

    Example: `opsguard ticks list sla --limit 10`.
    """
    with opened(config) as session:
        database = session.installation.database
        if withdrawn:
            rows = withdrawals(database, limit)
        else:
            since = datetime.now(UTC) + TOLERANCE if future else None
            rows = settled_ticks(database, _named(kinds), since=since, limit=limit)
    if as_json:
        print_json(rows)
    elif withdrawn:
        print_rows("Withdrawals", [_withdrawal(row) for row in rows])
    else:
        print_rows("Ticks in the future" if future else "Ticks", [_tick(row) for row in rows])


@app.command("withdraw")
def withdrawn_from(
    kinds: _Kinds = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Withdraw this tick and all later ones. Default: ticks in the future."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why. It is kept in the history.")] = "settled for a wrong moment",
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw ticks that were settled by mistake; the history keeps them.

    Alerts that they resolved are open again, alerts that they raised are closed as withdrawn, and their scores and
    plans no longer count. The next real tick works at once. Withdrawing again changes nothing. Changes in a helpdesk
    stay.

    Example: `opsguard ticks withdraw sla --from 2099-01-01T00:00:00+00:00 --reason "typing error"`.
    """
    begins = instant(since, "--from", config, may_be_future=True) or datetime.now(UTC) + TOLERANCE
    with opened(config) as session:
        lake, database = session.installation.lake, session.installation.database
        done = {
            name: withdraw(lake, database, name, begins, actor=actor_of(by), reason=reason)
            for name in _named(kinds) or KINDS
        }
    if as_json:
        print_json({"since": begins, "withdrawn": {name: _as_row(one) for name, one in done.items()}})
        return
    rows = [{"ticks of": name, **_as_row(one)} for name, one in done.items() if one.number is not None]
    if not rows:
        typer.echo(f"Nothing was settled from {begins:%Y-%m-%d %H:%M} UTC on; nothing was changed.")
        return
    print_rows(f"Withdrawn from {begins:%Y-%m-%d %H:%M} UTC on", rows)
    typer.echo("\nThe next tick refreshes the alerts: `opsguard tick sla`, or the schedules.")


def _named(kinds: list[Kind] | None) -> list[str]:
    return [kind.value for kind in kinds or ()]


def _as_row(done: Withdrawn) -> dict[str, Any]:
    return {
        "withdrawal": done.number,
        "ticks_of_monitors": done.alerts.ticks,
        "late_ticks": done.alerts.late_ticks,
        "alerts_reopened": done.alerts.reopened,
        "alerts_closed": done.alerts.closed,
        "records_taken_out": done.recorded,
        "scores_deleted": done.scores,
    }


def _tick(row: dict[str, Any]) -> dict[str, Any]:
    notes = (("is_late", "came too late, changed nothing"), ("is_future", "IN THE FUTURE"))
    return {
        "settled": row["settled"],
        "as of (UTC)": f"{row['as_of']:%Y-%m-%d %H:%M}",
        "computed at (UTC)": row["computed_at"] and f"{row['computed_at']:%Y-%m-%d %H:%M}",
        "by": row["settled_by"],
        "rows": row["rows"],
        "note": "; ".join(words for name, words in notes if row[name]),
    }


def _withdrawal(row: dict[str, Any]) -> dict[str, Any]:
    taken = row["taken_out"] or {}
    return {
        "withdrawal": row["withdrawal_id"],
        "ticks of": row["kind"],
        "from (UTC)": f"{row['since']:%Y-%m-%d %H:%M}",
        "at (UTC)": f"{row['at']:%Y-%m-%d %H:%M}",
        "by": row["actor"],
        "reason": row["reason"],
        "taken out": ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in sorted(taken.items())),
    }
