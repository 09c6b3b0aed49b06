"""What `opsguard doctor` asks of names in settings: does any source know the clients and sites that they name.

Here: the question and its answer in words. Not here: where settings name them (`opsguard_assets.config.names`).
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from opsguard_assets.commands.channels import Found
from opsguard_assets.config.names import Kind, Named, named_in
from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.playbook.load_io import library
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.views.texts import shortened
from resources.lake import Lake

_TABLES: Final[Mapping[Kind, tuple[str, str]]] = {"client": ("clients", "client_id"), "site": ("sites", "site_id")}
_MOST, _LONGEST = 5, 60


def found_names(settings: Settings, lake: Lake, config: Path | None) -> Iterator[Found]:
    """Whether every client and site that settings and playbooks name is known; nothing is said before any is.

    Args:
        settings: The settings in force.
        lake: Where clients and sites are. Those that have gone are known, too.
        config: The `opsguard.yaml` in force, for its playbooks.
    """
    asked = list(named_in(settings))
    for name, each in library(settings.remediation, config).playbooks.items():
        asked += named_in(each.playbook, f"playbook {name}: ")
    for kind, (table, key) in _TABLES.items():
        mine = [each for each in asked if each.kind == kind]
        known = lake.versions(TABLES[table]).select(key, "name").unique().collect() if mine else pl.DataFrame()
        if known.is_empty():
            continue
        strange = [each for each in mine if each.name not in set(known[key])]
        words = [_words(each, known.rename({key: "id"})) for each in strange[:_MOST]]
        more = f"; and {len(strange) - _MOST:,} more" if len(strange) > _MOST else ""
        yield (
            f"names of {kind}s",
            not strange,
            ("; ".join(words) + more) if strange else f"all {len({each.name for each in mine}):,} are known",
            f"Correct them in opsguard.yaml or the playbook: what is said of a {kind} that nobody knows has no effect.",
        )


def _words(named: Named, known: pl.DataFrame) -> str:
    close = nearest(named.name, dict(zip(known["id"], known["name"], strict=True)))
    remedy = f", did you mean {shortened(close, _LONGEST)}?" if close else ""
    return f"{named.place} names {shortened(named.name, _LONGEST)!r}, which no source knows{remedy}"


def nearest(name: str, known: Mapping[str, str | None]) -> str | None:
    """The identifier that a name most likely means; None where none is close.

    Args:
        name: As written.
        known: Names of what there is by their identifiers; a name may stand for its identifier.
    """
    called = {(called or "").casefold(): key for key, called in sorted(known.items(), reverse=True)}
    called |= {key.casefold(): key for key in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.casefold(), [each for each in called if each], n=1)
    return called[close[0]] if close else None
