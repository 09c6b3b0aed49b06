"""Verification of scorecards: figures are what records say, five forms say the same, and what is signed is proven.

Here: planted tickets of one client, figures computed once more with DuckDB, and the comparison. Not here: key figures,
reading forms, signing (`opsguard_assets.scorecards`).
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.forms.reading_io import disagreements
from opsguard_assets.scorecards.kpis.io import compute, keep, signed_months
from opsguard_assets.scorecards.signing import store_io
from opsguard_assets.scorecards.signing.build_io import build
from opsguard_assets.scorecards.signing.house_io import FIGURES, SIGNATURE, House
from opsguard_assets.scorecards.signing.keys_io import new_key
from opsguard_assets.scorecards.signing.maker_io import maker_of
from opsguard_assets.scorecards.signing.minisign import SigningKey
from opsguard_assets.scorecards.signing.signing_io import sign
from opsguard_assets.scorecards.signing.verify_io import verify
from opsguard_assets.verification.planting import BRONZE, DAY, ENDS, GOLD, HOUR, MINUTE, NOW, SILVER, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World
from resources.sql import statement

_CLIENT, _SITE, _ZONE = "planted-client", "planted-office", "Europe/Berlin"
_MONTH: Final = date(2025, 10, 1)
_TARGET = 240 * MINUTE
_DAY_OF_CHANGE: Final = datetime(2025, 10, 25, 21, 30, tzinfo=UTC)
# When each ticket was opened, and how long it took. Its promise: 240 minutes round the clock.
_TICKETS: Final = {
    **{f"in-time-{n}": (datetime(2025, 10, 6 + n, 9, tzinfo=UTC), 200 * MINUTE) for n in range(6)},
    **{f"missed-{n}": (datetime(2025, 10, 14 + n, 9, tzinfo=UTC), 300 * MINUTE) for n in range(3)},
    # The local clock says 179 and 181 minutes, the clock of the promise says an hour more: clocks were put back.
    "in-time-at-the-change": (_DAY_OF_CHANGE, 239 * MINUTE),
    "missed-at-the-change": (_DAY_OF_CHANGE, 241 * MINUTE),
    # Due in the first hours of November where the client is, and in October by UTC.
    "due-in-november": (datetime(2025, 10, 31, 19, 30, tzinfo=UTC), 60 * MINUTE),
}
_IN_TIME, _DUE, _ORDERS = 7, 11, 5
_FORMS = ("json", "csv", "xlsx", "html", "pdf")


def records() -> Records:
    """A client with twelve critical tickets: eleven are due in October, seven end in time; five jobs; a break-in."""
    rows, events = [], []
    for name, (opened, took) in _TICKETS.items():
        first = {
            "ticket_id": name, "client_id": _CLIENT, "site_id": _SITE, "category": "lift", "priority": "critical",
            "status": "open", "title": name, "opened_at": opened, "first_response_at": opened, "updated_at": opened,
        }  # fmt: skip
        last = {**first, "status": "resolved", "resolved_at": opened + took, "updated_at": opened + took}
        rows += [{**each, "known_at": each["updated_at"], "_sequence": n} for n, each in enumerate((first, last))]
        events += [
            {"ticket_id": name, "at": each["updated_at"], "field": "status", "old": old, "new": each["status"],
             "known_at": each["updated_at"]}
            for each, old in ((first, None), (last, "open"))
        ]  # fmt: skip
    client = {"client_id": _CLIENT, "name": "Planted & Söhne <b>", "plan": "gold", "timezone": _ZONE, "currency": "EUR"}
    orders = [_order(number) for number in range(_ORDERS)]
    event = {
        "event_id": "planted-event", "site_id": _SITE, "at": datetime(2025, 10, 20, 8, tzinfo=UTC), "kind": "intrusion",
        "severity": "critical", "is_false_alarm": False, "known_at": NOW - 9 * DAY,
    }  # fmt: skip
    return {
        "clients": [client], "sites": [site(_SITE, _CLIENT)], "tickets": rows, "ticket_events": events,
        "vendors": [{"vendor_id": "vendor-of-office", "name": "Vendor of the office", "trade": "office trade"}],
        "work_orders": orders, "security_events": [event],
    }  # fmt: skip


def _order(number: int) -> dict[str, Any]:
    """A job of October; the first one was done too late."""
    due = datetime(2025, 10, 10 + number, 15, tzinfo=UTC)
    done = due + DAY if number == 0 else due - HOUR
    return {
        "work_order_id": f"office-{number}", "vendor_id": "vendor-of-office", "site_id": _SITE, "client_id": _CLIENT,
        "category": "repair", "created_at": due - 3 * DAY, "due_at": due, "completed_at": done, "status": "completed",
        "known_at": done,
    }  # fmt: skip


def check(world: World) -> Found:
    """Key figures of October, the scorecard of the planted client in five forms, signed and proven."""
    found = Found("opsguard scorecard", "`opsguard scorecard verify` names what differs; see docs/scorecards.md")
    lake, database, settings = world.lake, world.database, world.settings
    computed = compute(lake, database, settings, NOW)
    keep(lake, computed, signed_months(database))
    own = computed.kpis.filter(pl.col("month") == _MONTH, pl.col("site_id").is_null())
    compared = _compare(found, world, own)
    key = new_key()
    house = House(lake, database, settings.scorecards, maker_of(lake, database, settings), key, _Clock())
    build(house, _MONTH, as_of=NOW, by="verify", clients=[_CLIENT])
    # No tick of October is stored here, so figures of predictions are missing, and the month counts as incomplete.
    signed = sign(house, _CLIENT, _MONTH, who="verify", provisional=True)
    with database.begin() as connection:
        kept = store_io.files_of(connection, signed, "signed")
    files = {kind: house.files.read(each["digest"]) for kind, each in kept.items()}
    shown = _compare_forms(found, signed.card, files)
    _check_signature(found, files, signed.figures.encode(), key)
    proof = verify(house, _CLIENT, _MONTH)
    failed = [f"{each.name}: {each.words}" for each in proof if not each.passed]
    found.equal("what the proof of the signed scorecard refuses", failed, [], where="proof of signed scorecards")
    found.figure(
        f"{compared} figures computed once more from records, {shown} read back from 5 forms; "
        f"{len(proof)} proofs of what was signed, {len(failed)} refused"
    )
    return found


class _Clock:
    """A clock that begins when all records were loaded."""

    def __init__(self) -> None:
        self._at = ENDS

    def __call__(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at


def _compare(found: Found, world: World, own: pl.DataFrame) -> int:
    """Compares figures with those computed straight from records; how many."""
    figures = {(row["kpi"], row["client_id"]): row for row in own.iter_rows(named=True)}
    planted = figures.get(("sla_performance", _CLIENT), {})
    result = (planted.get("numerator"), planted.get("denominator"))
    found.equal("tickets of the planted client in time, and due", result, (_IN_TIME, _DUE), where="sla_performance")
    again = _from_records(world)
    found.holds(len(again) > len(_ZONES), f"DuckDB finds only {len(again)} figures in the records", where="records")
    for kpi, client, numerator, denominator in again.iter_rows():
        mine = figures.get((kpi, client), {})
        parts = ("numerator",) if denominator is None else ("numerator", "denominator")
        expected = dict(zip(parts, (numerator, denominator), strict=False))
        found.equal(f"{kpi} of {client}", {part: mine.get(part) for part in parts}, expected, where=kpi)
    return len(again) + 1


_ZONES: Final[Mapping[str, str]] = {
    BRONZE: "Europe/Berlin", SILVER: "Europe/London", GOLD: "America/New_York", _CLIENT: _ZONE,
}  # fmt: skip


def _from_records(world: World) -> pl.DataFrame:
    """Key figures by DuckDB, from the newest version of every record that was known."""

    def newest(name: str, key: str) -> pl.DataFrame:
        known = world.records[name].filter(pl.col("known_at") <= NOW)
        return known.sort("known_at").unique(key, keep="last", maintain_order=True)

    def local(day: date, zone: str) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    month = pl.DataFrame(
        [(client, local(_MONTH, zone), local(date(2025, 11, 1), zone)) for client, zone in _ZONES.items()],
        schema=["client_id", "starts_at", "ends_at"], orient="row",
    )  # fmt: skip
    with duckdb.connect() as connection:
        for name, key in (("work_orders", "work_order_id"), ("sites", "site_id"), ("security_events", "event_id")):
            connection.register(name, newest(name, key).to_arrow())
        connection.register("month", month.to_arrow())
        rows = connection.execute(statement(__name__, "figures_from_records").text).fetchall()
    return pl.DataFrame(rows, schema=["kpi", "client_id", "numerator", "denominator"], orient="row")


def _compare_forms(found: Found, card: Card, files: Mapping[str, bytes]) -> int:
    """Compares what five forms say with the card; how many figures."""
    missing = sorted(set(_FORMS) - set(files))
    if not found.equal("forms that were not made", missing, [], where="forms of the scorecard"):
        return 0
    compared = sum(measure.value is not None for measure in card.measures)
    found.holds(compared > 0, "no form shows a figure", where="forms of the scorecard")
    said = disagreements(card, {form: files[form] for form in _FORMS})
    found.equal("forms that say something else", said, [], where="forms of the scorecard")
    return compared


def _check_signature(found: Found, files: Mapping[str, bytes], figures: bytes, key: SigningKey) -> None:
    """The detached signature, checked by the library of cryptography alone."""
    found.equal(
        "the figures that are kept",
        hashlib.sha256(files.get(FIGURES, b"")).hexdigest(),
        hashlib.sha256(figures).hexdigest(),
        where="signature",
    )
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public)[10:])
    lines = files.get(SIGNATURE, b"").decode().splitlines()
    try:
        public.verify(base64.b64decode(lines[1])[10:], hashlib.blake2b(figures).digest())
        is_right = True
    except (InvalidSignature, IndexError, ValueError):
        is_right = False
    found.holds(is_right, "the signature of the figures does not hold", where="signature")


VERIFICATION = Verification(
    name="scorecard",
    asks="Figures are what records say, five forms say the same, and what is signed is proven.",
    planted=f"{_DUE} tickets due in a month with a change of clocks, {_IN_TIME} of them in time, one due a day later",
    check=check,
    records=records,
)
