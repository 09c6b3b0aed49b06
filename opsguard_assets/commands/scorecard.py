"""`opsguard scorecard`: the monthly scorecards: built, reviewed, signed, sent, proven, restated.

Here: the commands. Not here: what they do (`opsguard_assets.scorecards.signing`).
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from opsguard_assets.commands.session import (
    ConfigOption,
    JsonOption,
    errors_as_json,
    opened,
    print_json,
    print_rows,
)
from opsguard_assets.scorecards.signing import sending_io, store_io
from opsguard_assets.scorecards.signing.keys_io import VARIABLE, new_key
from opsguard_assets.scorecards.signing.rules import Kept
from opsguard_assets.scorecards.signing.store_io import ScorecardError

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Monthly scorecards: build, look, review, sign, send, prove, restate.",
    epilog="The order: build, show, review, sign, send. `opsguard scorecard list` shows how far each one is.",
)
_PROVIDER = "provider"


def _month(text: str) -> date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise typer.BadParameter("write a month like 2026-10")
    return date.fromisoformat(f"{text}-01")


Month = Annotated[date | None, typer.Option("--month", parser=_month, help="Such as 2026-10. Default: the last one.")]
Client = Annotated[str, typer.Option("--client", help="The client; `provider` for the provider's own.")]
Clients = Annotated[list[str] | None, typer.Option("--client", help="Only these clients. Default: all.")]
Number = Annotated[int | None, typer.Option("--number", min=0, help="n for the n-th restatement. Default: the newest.")]


@app.command("list")
def list_cards(
    month: Month = None, client: Clients = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List scorecards: how far each is signed, and whom it reached.

    Example: `opsguard scorecard list --month 2026-10`.
    """
    wanted = _ids(client)
    with errors_as_json(as_json), opened(config) as session:
        database = session.installation.database
        found = [each for each in store_io.kept(database, month=month) if wanted is None or each.client_id in wanted]
        messages = sending_io.messages(database, month=month)
    rows = [{**_row(each), "delivery": _reached(each, messages)} for each in found]
    if as_json:
        print_json(rows)
    else:
        print_rows("Scorecards", rows)


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
