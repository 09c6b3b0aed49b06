"""Receiving as a resource: where loaders work and which secrets sources need, so that assets read no environment.

Here: the place and the secrets. Not here: how records are received (`receive`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from opsguard_assets.config.load import with_secrets
from opsguard_assets.config.sources import DirectSource
from opsguard_assets.intake.raw.received import Received
from resources.progress import Progress


@dataclass(frozen=True)
class Inbox:
    """Where records arrive.

    Attributes:
        lake_uri: The lake under which raw tables lie.
        work_dir: The loaders' working folder; packages that a crash left are finished from there.
        variables: Where secrets come from; never shown.
    """

    lake_uri: str
    work_dir: Path
    variables: Mapping[str, str] = field(repr=False)

    def receive(self, source: DirectSource, *, loaded_at: datetime, progress: Progress) -> Received:
        """Brings what is new at `source` to the lake's raw table of the same name."""
        from opsguard_assets.intake.receiving.receive import receive  # noqa: PLC0415 - imports dlt, which takes two seconds

        advance = progress.begin(f"{source.name}: receiving")
        filled = with_secrets(source, self.variables)
        return receive(filled, lake_uri=self.lake_uri, work_dir=self.work_dir, loaded_at=loaded_at, progress=advance)
