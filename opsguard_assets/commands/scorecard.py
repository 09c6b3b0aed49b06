"""`opsguard scorecard`: the monthly scorecards: built, reviewed, signed, sent, proven, restated.

Here: the commands. Not here: what they do (`opsguard_assets.scorecards.signing`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.moments import month_in
from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    Session,
    console,
    errors_as_json,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.delivery.round_io import Place, run_round
from opsguard_assets.scorecards.signing import build_io, preview_io, sending_io, signing_io, store_io, verify_io
from opsguard_assets.scorecards.signing.house_io import House
from opsguard_assets.scorecards.signing.keys_io import VARIABLE, new_key, signing_key
from opsguard_assets.scorecards.signing.maker_io import maker_of
from opsguard_assets.scorecards.signing.rules import Kept
from opsguard_assets.scorecards.signing.store_io import ScorecardError
from opsguard_assets.tables.months import month_after, month_of

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Monthly scorecards: build, look, review, sign, send, prove, restate.",
    epilog="The order: build, show, review, sign, send. `opsguard scorecard list` shows how far each one is.",
)
_PROVIDER = "provider"


Month = Annotated[date | None, typer.Option("--month", parser=month_in, help="Such as 2026-10. Default: the last one.")]
Client = Annotated[str, typer.Option("--client", help="The client; `provider` for the provider's own.")]
Clients = Annotated[list[str] | None, typer.Option("--client", help="Only these clients. Default: all.")]
Number = Annotated[int | None, typer.Option("--number", min=0, help="n for the n-th restatement. Default: the newest.")]


@contextmanager
def _house(config: Path | None, as_json: bool) -> Iterator[tuple[Session, House]]:  # noqa: FBT001 - as the option
    with errors_as_json(as_json), opened(config) as session:
        lake, database = session.installation.lake, session.installation.database
        settings = session.settings
        yield (
            session,
            House(lake, database, settings.scorecards, maker_of(lake, database, settings), signing_key(os.environ)),
        )


@app.command()
def build(
    month: Month = None, client: Clients = None, by: ActorOption = None, config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Build the drafts of a month. Repeated, it changes only drafts whose figures have changed.

    Example: `opsguard scorecard build --month 2026-10`.
    """
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        done = build_io.build(house, wanted, as_of=_now(), by=actor_of(by), clients=_ids(client))
    rows = [
        {
            "client": name or _PROVIDER,
            "result": result,
            "figures that differ now": done.late.get(name),
            "reason": done.errors.get(name),
        }
        for name, result in sorted(done.results.items())
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(f"Scorecards of {wanted:%Y-%m}", rows)
    if done.errors:
        raise ScorecardError(f"{len(done.errors)} of {len(rows)} scorecards could not be built; the others were.")


@app.command("list")
def list_cards(
    month: Month = None, client: Clients = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List scorecards: how far each is signed, and whom it reached.

    Example: `opsguard scorecard list --month 2026-10`.
    """
    wanted = _ids(client)
    with _house(config, as_json) as (_, house):
        found = [
            each for each in store_io.kept(house.database, month=month) if wanted is None or each.client_id in wanted
        ]
        messages = sending_io.messages(house.database, month=month)
    rows = [{**_row(each), "delivery": _reached(each, messages)} for each in found]
    if as_json:
        print_json(rows)
    else:
        print_rows("Scorecards", rows)


@app.command()
def show(
    client: Client, month: Month = None, number: Number = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show the figures of a scorecard in short; with --json the canonical figures themselves.

    Example: `opsguard scorecard show --client C1 --month 2026-10`.
    """
    with _house(config, as_json) as (session, house):
        one = store_io.newest(house.database, _id(client), month or _last_month(session), number)
        said = sending_io.said_of(house, one)
    if as_json:
        typer.echo(one.figures)
        return
    typer.echo(f"{said.subject}\n{said.headline}")
    for note in said.notes:
        typer.echo(note)
    print_rows("", [dict(zip(("figure", *said.columns[1:]), row, strict=True)) for row in said.rows])
    for label, value in said.facts:
        typer.echo(f"{label}: {value}")


@app.command()
def preview(
    client: Client,
    out: Annotated[Path, typer.Option(help="Folder for the files; made where it is missing.")],
    month: Month = None,
    number: Number = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what a client would get into a folder: every form, and the mail. Nothing is sent, nothing is kept.

    Without a scorecard of the month it is made of what is known now.
    Example: `opsguard scorecard preview --client C1 --month 2026-10 --out preview`.
    """
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        files = preview_io.preview(house, _id(client), wanted, out, as_of=_now(), number=number)
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        for file in files:
            typer.echo(str(file))


@app.command()
def review(
    client: Client, month: Month = None, number: Number = None, by: ActorOption = None, config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say that you looked at the figures and agree. Figures that change later lose the review."""
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        one = signing_io.review(house, _id(client), wanted, by=actor_of(by), number=number)
    _tell(one, as_json=as_json)


@app.command()
def sign(
    client: Clients = None,
    month: Month = None,
    number: Number = None,
    every: Annotated[bool, typer.Option("--all", help="Every scorecard of the month that may be signed.")] = False,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="Also where data do not reach the end of the month yet.")
    ] = False,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign: freezes the figures, appends to the chain of signings, makes the files. Nothing signed is signed twice.

    Example: `opsguard scorecard sign --client C1 --month 2026-10`.
    """
    if bool(client) == every:
        raise typer.BadParameter("name clients with --client, or say --all")
    who, refused = actor_of(by), []
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        names = _ids(client) or sorted({each.client_id for each in store_io.kept(house.database, month=wanted)})
        rows = []
        for name in names:
            try:
                one = signing_io.sign(house, name, wanted, who=who, number=number, provisional=provisional)
                rows.append(_row(one))
            except ScorecardError as error:
                refused.append(str(error))
        if house.key is None:
            console.print(f"No key signs the files: {VARIABLE} is not set (`opsguard scorecard key` makes one).")
    if as_json:
        print_json({"signed": rows, "refused": refused})
    else:
        print_rows(f"Signed, {wanted:%Y-%m}", rows)
    if refused:
        raise ScorecardError("\n".join(refused))


@app.command()
def send(
    client: Clients = None, month: Month = None, by: ActorOption = None, config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Send the scorecards of a month that may be sent, to each reader once; and once more what failed for good.

    Example: `opsguard scorecard send --month 2026-10`.
    """
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        done = sending_io.send(house, session.settings.delivery, wanted, by=actor_of(by), clients=_ids(client))
        if any(each.planned for each in done):
            place = Place(house.database, house.lake, os.environ, session.installation.environment.home)
            run_round(place, session.settings)
        messages = sending_io.messages(house.database, month=wanted)
    rows = [
        {
            "client": each.client_id or _PROVIDER,
            "number": each.number,
            "messages": each.planned,
            "states": ", ".join(
                f"{row['address']}: {row['state']}"
                for row in messages
                if (row["client_id"], row["number"]) == (each.client_id, each.number)
            ),
            "note": each.note,
        }
        for each in done
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(f"Sent, {wanted:%Y-%m}", rows)


@app.command()
def verify(
    client: Client, month: Month = None, number: Number = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Prove a scorecard: its chain, its signature, its files, and its figures made once more.

    Example: `opsguard scorecard verify --client C1 --month 2026-10`.
    """
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        found = verify_io.verify(house, _id(client), wanted, number=number)
    words = {True: "holds", False: "does not hold", None: "not judged"}
    rows = [{"what": each.name, "result": words[each.passed], "found": each.words} for each in found]
    if as_json:
        print_json([vars(each) for each in found])
    else:
        print_rows(f"{client}, {wanted:%Y-%m}", rows)
    if wrong := [each.name for each in found if each.passed is False]:
        raise ScorecardError(f"{', '.join(wrong)}: this scorecard is not what was signed, or cannot be proven here.")


@app.command()
def diff(client: Client, month: Month = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a restatement would change: figures before and by what is known now, with the rows behind it."""
    with _house(config, as_json) as (session, house):
        one = build_io.would_restate(house, _id(client), month or _last_month(session), as_of=_now())
    _changes(one, as_json=as_json)


@app.command()
def restate(
    client: Client,
    reason: Annotated[str, typer.Option(help="Why; its readers see it.")],
    month: Month = None,
    by: ActorOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the next number of a signed or sent scorecard: a draft with a page of each changed figure and its rows.

    Example: `opsguard scorecard restate --client C1 --month 2026-10 --reason "late punches of site S2"`.
    """
    with _house(config, as_json) as (session, house):
        wanted = month or _last_month(session)
        one = build_io.restate(house, _id(client), wanted, reason=reason, as_of=_now(), by=actor_of(by))
    _changes(one.card.restated, as_json=as_json)
    console.print(f"Restatement {one.number} is a draft: review it, then `opsguard scorecard sign`.")


@app.command()
def key(
    out: Annotated[Path, typer.Option(help="File for the secret key; it must not exist yet.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key that signs, and print its public half for those who check signatures.

    Example: `opsguard scorecard key --out signing.key`, then `OPSGUARD_SIGNING_KEY_FILE=signing.key`.
    """
    made = new_key()
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ScorecardError(f"{out} exists already; a key is never overwritten.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{made.secret}\n")
    if as_json:
        print_json({"public_key": made.public, "secret_key_file": str(out)})
        return
    typer.echo(f"Public key, for `minisign -V -P`: {made.public}")
    typer.echo(f"Secret key: {out}. Set {VARIABLE}_FILE to it, and keep it where secrets are kept.")


def _tell(one: Kept, *, as_json: bool) -> None:
    if as_json:
        print_json(_row(one))
    else:
        print_rows("Scorecard", [_row(one)])


def _changes(changed: Any, *, as_json: bool) -> None:
    rows = [
        {
            "figure": each.kpi,
            "site": each.site,
            "before": _plain(each.before),
            "after": _plain(each.after),
            "rows": list(each.rows),
        }
        for each in changed
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows("Figures that change", [{**row, "rows": ", ".join(row["rows"])} for row in rows])


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _row(one: Kept) -> dict[str, Any]:
    return {
        "client": one.client_id or _PROVIDER, "month": f"{one.month:%Y-%m}", "number": one.number,
        "status": f"{one.status}, unsigned" if one.status == "sent" and one.link is None else one.status,
        "reviewed by": one.reviewed_by, "signed by": one.signed_by, "link": one.link and one.link[:12],
    }  # fmt: skip


def _reached(one: Kept, messages: list[dict[str, Any]]) -> str:
    """Whom it reached, whom it did not, and why."""
    own = [row for row in messages if (row["client_id"], row["month"], row["number"]) == _place(one)]
    newest = {(row["channel"], row["address"]): row for row in own}
    parts = [
        f"{address}: {row['state']}" + (f" ({row['answer']})" if row["state"] in {"failed", "unknown"} else "")
        for (_, address), row in newest.items()
    ]
    return "; ".join([*parts, *([one.send_note] if one.send_note else [])])


def _place(one: Kept) -> tuple[str, date, int]:
    return one.client_id, one.month, one.number


def _id(client: str) -> str:
    return "" if client == _PROVIDER else client


def _ids(clients: list[str] | None) -> list[str] | None:
    return [_id(each) for each in clients] if clients else None


def _now() -> datetime:
    return datetime.now(UTC)


def _last_month(session: Session) -> date:
    return month_after(month_of(_now(), session.settings.operations.timezone), -1)
