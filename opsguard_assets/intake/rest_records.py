"""Reads a REST resource into a spool, through dlt's REST source: its paging, its authentication, its cursors.

Here: the resource in dlt's words, records as JSON lines (so that they are read like any other). Not here: `client` and
`resource` themselves, which `opsguard.yaml` hands to dlt as they are (`docs/sources.md`).
"""

import json
from collections.abc import Mapping
from typing import Any

from dlt.sources.rest_api import rest_api_resources
from requests import RequestException

from opsguard_assets.config.sources import RestSource
from opsguard_assets.intake.jsonl_reader import read_jsonl
from opsguard_assets.intake.received import Opened, SourceError, cause_of
from opsguard_assets.intake.spool import Spool

LONGEST_RECORD = 2_000_000


def read(source: RestSource, state: Mapping[str, Any], spool: Spool) -> None:
    """Reads what is new since the cursor that the running pipeline remembers.

    Args:
        source: The resource.
        state: What the source remembers of the loads before.
        spool: Where the records go.

    Raises:
        SourceError: When the server cannot be reached or refuses, or gives an empty list where lists are complete.
    """
    part = spool.part(source.name)
    target = part.folder / "records.jsonl"
    try:
        with target.open("w", encoding="utf-8") as lines:
            for record in _records(source):
                lines.write(json.dumps(record, default=str, ensure_ascii=False) + "\n")
    except Exception as error:
        said = cause_of(error, RequestException)
        if said is None:
            raise
        raise SourceError(
            f"Source {source.name}: the server could not be read ({_without_query(said)}). Check `client.base_url`, "
            "`resource.endpoint` and the token."
        ) from None
    if target.stat().st_size:
        read_jsonl(Opened(source.name, target, part.folder), part, longest=LONGEST_RECORD)
    target.unlink()
    if source.brings_lists and "arrived" in state and not part.rows:
        raise SourceError(
            f"Source {source.name}: the server gave no record. As a complete list that would withdraw everything; "
            "nothing is withdrawn. Check `client` and `resource`, or take `snapshot` out."
        )
    spool.keep(part)


def _records(source: RestSource) -> Any:
    client = dict(source.client)
    if source.token is not None:
        client.setdefault("auth", {"type": "bearer", "token": source.token.get_secret_value()})
    resource = {"name": source.name, **source.resource}
    (records,) = rest_api_resources({"client": client, "resources": [resource]})
    return records


def _without_query(error: RequestException) -> str:
    """What went wrong, without the query of the address, which may hold keys."""
    if error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}".strip()
    return type(error).__name__
