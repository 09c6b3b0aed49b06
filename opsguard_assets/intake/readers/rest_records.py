"""Reads a REST resource into a spool, through dlt's REST source: its paging, its authentication, its cursors.

Here: the resource in dlt's words, records as JSON lines (so that they are read like any other). Not here: limits
(`rest_session`), what an answer means (`rest_pages`), `client` and `resource` themselves, which `opsguard.yaml` hands
to dlt as they are (`docs/sources.md`).
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import responses
from typing import Any

from dlt.sources.rest_api import rest_api_resources
from requests import RequestException, exceptions

from opsguard_assets.config.sources import RestSource
from opsguard_assets.intake.raw.received import LONGEST_TEXT, Opened, SourceError, cause_of
from opsguard_assets.intake.raw.spool import Spool
from opsguard_assets.intake.readers.jsonl_reader import read_jsonl
from opsguard_assets.intake.readers.rest_pages import Pages
from opsguard_assets.intake.readers.rest_session import Bounded

LONGEST_RECORD = 2_000_000
_FAILURES: tuple[tuple[type[RequestException], str], ...] = (
    (exceptions.SSLError, "its certificate cannot be trusted"),
    (exceptions.Timeout, "no answer in time"),
    (exceptions.ChunkedEncodingError, "the answer was cut off"),
    (exceptions.ContentDecodingError, "the answer is packed in a way that cannot be unpacked"),
    (exceptions.ConnectionError, "no connection"),
    (exceptions.TooManyRedirects, "it leads in circles"),
    (exceptions.InvalidSchema, "it leads to an address that is not of the web"),
)


def read(source: RestSource, state: Mapping[str, Any], spool: Spool) -> None:
    """Reads what is new since the cursor that the running pipeline remembers.

    Args:
        source: The resource.
        state: What the source remembers of the loads before.
        spool: Where the records go.

    Raises:
        SourceError: When the server cannot be reached or refuses, gives no list of records or more than the limits of
            the source, or gives an empty list where lists are complete.
    """
    part, pages = spool.part(source.name), Pages(source)
    target, lines = part.folder / "records.jsonl", 0
    try:
        with target.open("wb") as file, ExitStack() as sessions:
            for record in _records(source, pages, sessions):
                line = _line(record, pages)
                if line is not None:
                    file.write(line + b"\n")
                    lines += 1
    except Exception as error:
        ours = cause_of(error, SourceError)
        if ours is not None:
            raise ours from None
        said = cause_of(error, RequestException)
        if said is None:
            raise
        raise SourceError(
            f"Source {source.name}: the server could not be read ({_words(said)}). Check `client.base_url`, "
            "`resource.endpoint` and the token."
        ) from None
    if lines:
        read_jsonl(Opened(source.name, target, part.folder), part, longest=LONGEST_RECORD)
    target.unlink()
    numbers = list(range(lines + 1, lines + 1 + len(pages.apart)))
    part.add_damaged(numbers, [reason for reason, _ in pages.apart], [text for _, text in pages.apart])
    if source.brings_lists and "arrived" in state and not part.rows:
        raise SourceError(
            f"Source {source.name}: the server gave no record. As a complete list that would withdraw everything; "
            "nothing is withdrawn. Check `client` and `resource`, or take `snapshot` out."
        )
    spool.keep(part)


def _line(record: Any, pages: Pages) -> bytes | None:
    """A record as a line of JSON; None if it is damaged."""
    try:
        text = json.dumps(record, default=str, ensure_ascii=False)
    except RecursionError:
        pages.apart.append(("nested too deep to be written", ""))
        return None
    if pages.is_too_deep(text):
        pages.apart.append((f"nested too deep: {pages.mark.rpartition(' ')[0]}", text[:LONGEST_TEXT]))
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:  # an unpaired surrogate, which the reader of lines records as damaged
        return json.dumps(record, default=str).encode()


def _records(source: RestSource, pages: Pages, sessions: ExitStack) -> Any:
    session = sessions.enter_context(Bounded(source, pages.seen))
    client = {**source.client, "session": session}
    if source.token is not None:
        client.setdefault("auth", {"type": "bearer", "token": source.token.get_secret_value()})
    auth = client.get("auth")
    if isinstance(auth, Mapping) and "access_token_url" in auth:
        # The server that gives tokens is another one: asked within the same limits, and only itself.
        there = source.model_copy(update={"client": {"base_url": auth["access_token_url"]}, "resource": {}})
        tokens = Bounded(there, lambda _response: None, is_paged=False)
        client["auth"] = {**auth, "session": sessions.enter_context(tokens)}
    resource = {"name": source.name, **source.resource}
    (records,) = rest_api_resources({"client": client, "resources": [resource]})
    return records


def _words(error: RequestException) -> str:
    """What went wrong, without the address and the answer, which may hold keys."""
    known = next((words for kind, words in _FAILURES if isinstance(error, kind)), None)
    if known is None and error.response is not None:
        # The server's own words for it may repeat what it was sent.
        return f"HTTP {error.response.status_code} {responses.get(error.response.status_code, '')}".strip()
    return known or type(error).__name__
