"""Signing and verifying the scorecards of a month, and reading them through the views of finance.

Here: the data and what is timed of it, each side in a database of its own. Not here: running the sides (`timing`),
rendering (`forms`): the files that are signed here are small and ready.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from resources.database import Database
from resources.postgres import start_embedded

_READER, _PASSWORD = "bench_reader", "bench"
_CLIENT, _YEARS = "C7", 2
_SHOWN = "SELECT client_id, month, number, status, figures, digest, signed_at, sent_at FROM {} AS s"
_OWN = f"WHERE client_id = '{_CLIENT}' AND (signed_at IS NOT NULL OR sent_at IS NOT NULL)"
_CARDS = """
INSERT INTO scorecard_snapshots (month, as_of, recorded_upto, versions, made_at)
VALUES ('2026-10-01', now(), now(), '{{}}', now());
INSERT INTO scorecards (client_id, month, number, status, figures, digest, snapshot_id, created_at, created_by,
                        sent_at, sent_unsigned)
SELECT 'C' || c, DATE '2024-01-01' + make_interval(months => m), 0, 'sent', f,
       encode(sha256(convert_to(f, 'UTF8')), 'hex'), 1, now(), 'job', now(), true
FROM generate_series(1, {clients}) AS c, generate_series(0, {months} - 1) AS m,
     LATERAL (SELECT format('{{"measures":"%s"}}', repeat(c::text, 2000)) AS f) AS made;
ANALYZE
"""


def signed(postgres: str, cards: int) -> Callable[[], object]:
    """OpsGuard: every scorecard of a month signed into the chain, its files made and kept."""
    house, clients = _built(postgres, cards)
    return lambda: [_sign(house, client) for client in clients]


def verified(postgres: str, cards: int) -> Callable[[], object]:
    """OpsGuard: the chain, the files, figures and files made again of the pinned versions, of every scorecard."""
    from opsguard_assets.scorecards.signing.verify_io import verify
    from tests.scorecards.cards import MONTH

    house, clients = _built(postgres, cards)
    for client in clients:
        _sign(house, client)

    def run() -> None:
        for client in clients:
            wrong = [check for check in verify(house, client, MONTH) if not check.passed]
            if wrong:
                raise RuntimeError(f"{client}: {wrong}")

    return run


def hashed(cards: int) -> Callable[[], object]:
    """The floor of signing: digests of the same files, and both signatures of minisign."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, files = Ed25519PrivateKey.generate(), _files(cards)

    def run() -> None:
        for contents in files:
            _digests(contents)
            proof = key.sign(hashlib.blake2b(contents[0]).digest())
            key.sign(proof + b"comment")

    return run


def checked(cards: int) -> Callable[[], object]:
    """The floor of verifying: the same files read and hashed, and both signatures checked."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, folder, kept = Ed25519PrivateKey.generate(), Path(tempfile.mkdtemp()), []
    for number, contents in enumerate(_files(cards)):
        paths = [folder / f"{number}-{place}" for place in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        proof = key.sign(hashlib.blake2b(contents[0]).digest())
        kept.append((paths, proof, key.sign(proof + b"comment")))
    public = key.public_key()

    def run() -> None:
        for paths, proof, both in kept:
            contents = [path.read_bytes() for path in paths]
            _digests(contents)
            public.verify(proof, hashlib.blake2b(contents[0]).digest())
            public.verify(both, proof + b"comment")

    return run


def by_view(postgres: str, cards: int, reads: int) -> Callable[[], object]:
    """A reader's scorecards through its view, as the role that sees one client of many."""
    address = _granted(postgres, cards)
    engine = create_engine(address.set(username=_READER, password=_PASSWORD), poolclass=NullPool)
    return _read(engine, _SHOWN.format("opsguard_finance.scorecards"), reads)


def by_table(postgres: str, cards: int, reads: int) -> Callable[[], object]:
    """The same rows of the table, by its owner, with the client in the query and nothing else."""
    engine = create_engine(_granted(postgres, cards), poolclass=NullPool)
    return _read(engine, f"{_SHOWN.format('opsguard.scorecards')} {_OWN}", reads)


def _read(engine: Any, words: str, reads: int) -> Callable[[], object]:
    connection = engine.connect()

    def run() -> None:
        for _ in range(reads):
            if len(connection.execute(text(words)).all()) != _YEARS * 12:
                raise RuntimeError("not the rows that were to be read")

    return run


def _granted(postgres: str, cards: int) -> Any:
    """A database with two years of scorecards of so many clients, and a role that reads one of them."""
    database = _database(postgres)
    with database.begin() as connection:
        connection.execute(text(_CARDS.format(clients=cards, months=_YEARS * 12)))
        # Roles are of the server, not of a database; an earlier side made it already.
        if connection.execute(text(f"SELECT 1 FROM pg_roles WHERE rolname = '{_READER}'")).first() is None:  # noqa: S608
            connection.execute(text(f"CREATE ROLE {_READER} LOGIN PASSWORD '{_PASSWORD}' IN ROLE opsguard_finance"))
        connection.execute(text(f"INSERT INTO finance_grants VALUES ('{_READER}', '{_CLIENT}')"))  # noqa: S608
    return make_url(database.url.get_secret_value()).set(drivername="postgresql+psycopg")


def _built(postgres: str, cards: int) -> tuple[Any, list[str]]:
    """A house with drafts of a month of so many clients."""
    from tests.scorecards.houses import built, house_of

    house: Any = house_of(_database(postgres), tempfile.mkdtemp())
    clients = [f"C{number}" for number in range(cards)]
    house.maker.write(**{client: [True] * 9 + [False] for client in clients})
    built(house)
    return house, clients


def _database(postgres: str) -> Database:
    """A database of its own: what is signed stays, so an older one cannot be emptied."""
    address = make_url(start_embedded(Path(postgres))).set(drivername="postgresql+psycopg")
    name = f"signed_{uuid.uuid4().hex}"
    with create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(SecretStr(address.set(database=name).render_as_string(hide_password=False)))
    database.migrate()
    return database


def _sign(house: Any, client: str) -> None:
    from opsguard_assets.scorecards.signing.signing_io import sign
    from tests.scorecards.cards import MONTH

    sign(house, client, MONTH, who="cfo", provisional=True)


def _files(cards: int) -> list[list[bytes]]:
    """Four files of each scorecard, about as large as those of `signed`."""
    return [[bytes([number % 256]) * 1_200 for _ in range(4)] for number in range(cards)]


def _digests(contents: list[bytes]) -> list[str]:
    return [hashlib.sha256(content).hexdigest() for content in contents]
