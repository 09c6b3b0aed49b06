"""What `opsguard doctor` asks of playbooks: can they be read, have addresses their secrets, is any paused or in doubt.

Here: questions and answers in words. Not here: the other checks (`diagnosis`), what executions do
(`opsguard_assets.remediation`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsguard_assets.commands.channels import Found
from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.actions.adapters_io import addresses_of, trouble_of
from opsguard_assets.remediation.engine.claim_io import standing_of, unkept
from opsguard_assets.remediation.engine.people_io import switches
from opsguard_assets.remediation.playbook.load_io import library
from resources.database import Database

# What was due for longer was forgotten: nobody advances executions.
_LATE = timedelta(minutes=30)
# A promise that was broken longer ago is about a shift that is over.
_NEW = timedelta(days=7)


def found_files(settings: Settings, config: Path | None) -> Found:
    """Whether every playbook in use can be read."""
    held = library(settings.remediation, config)
    first = f"; {held.problems[0]}" if held.problems else ""
    words = f"{len(held.playbooks):,} in use, {len(held.problems):,} troubles{first}"
    return "playbooks", not held.problems, words, "`opsguard playbook lint` names file, line and remedy."


def found_addresses(settings: Settings, variables: Mapping[str, str]) -> Iterator[Found]:
    """Whether every address that playbooks may call has what it names: variables, and a secret that signs."""
    remedy = "Set the variables that `remediation` names in opsguard.yaml; until then what goes there waits."
    for target, address in addresses_of(settings.remediation):
        trouble = trouble_of(target, address, variables)
        yield f"address {target}", trouble is None, trouble or "it has its secrets; it is not called", remedy


def found_executions(database: Database) -> Iterator[Found]:
    """Whether executions go on, none is in doubt, and no playbook has paused itself."""
    found = standing_of(database, datetime.now(UTC) - _LATE)
    yield (
        "executions", not found.overdue,
        f"{found.unended:,} have not ended, {found.overdue:,} were due more than half an hour ago",
        "Run `opsguard up`, or `opsguard playbook tick` from time to time: they advance executions.",
    )  # fmt: skip
    yield (
        "steps of playbooks", not found.in_doubt,
        f"{found.in_doubt:,} in doubt" + (f": execution {', '.join(map(str, found.doubts))}" if found.doubts else ""),
        "Look at the other side: `opsguard playbook log` with the number says what it was; then `resolve-unknown`.",
    )  # fmt: skip
    broken = unkept(database, datetime.now(UTC) - _NEW)
    yield (
        "promised shifts", not broken,
        f"{broken:,} of the last week could not be recorded after its execution had ended",
        "Find somebody for the shift. `opsguard playbook log` lists executions; with its number it shows what failed.",
    )  # fmt: skip
    held = switches(database)
    paused = [f"{row['name']} since {row['since']:%Y-%m-%d %H:%M} UTC: {row['why']}" for row in held
              if row["scope"] == "paused" and row["by"] == "breaker"]  # fmt: skip
    off = [row["name"] or "all" for row in held if row["scope"] != "paused"]
    words = "; ".join(paused) or "none paused itself"
    yield (
        "playbooks that failed", not paused, words + (f"; switched off: {', '.join(off)}" if off else ""),
        "`opsguard playbook log` shows what failed; correct it, then `opsguard playbook resume`.",
    )  # fmt: skip
