"""Installations that only receive: a lake, a working folder, and the sources that tests put before them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.raw.received import Received
from resources.lake import Lake

FEED = {
    "table": "tickets",
    "columns": {
        "ticket_id": "id",
        "client_id": "client",
        "priority": "priority",
        "status": "status",
        "opened_at": "opened",
        "closed_at": "closed",
        "updated_at": "updated",
        "title": "title",
    },
}
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Mailbox:
    """A lake and a working folder; every load comes an hour after the one before."""

    home: Path
    loads: int = field(default=0)

    @property
    def lake_uri(self) -> str:
        return str(self.home / "lake")

    @property
    def work_dir(self) -> Path:
        return self.home / "work"

    def receive(self, source) -> Received:
        from opsguard_assets.intake.receiving.receive import receive

        self.loads += 1
        loaded_at = START + timedelta(hours=self.loads)
        return receive(source, lake_uri=self.lake_uri, work_dir=self.work_dir, loaded_at=loaded_at)

    def raw(self, name: str) -> pl.DataFrame:
        return Lake(self.lake_uri).scan(f"raw/{name}").collect()


def files(folder: Path, **more) -> FileSource:
    """The files below a folder, as tickets."""
    return FileSource.model_validate(
        {"name": "helpdesk", "kind": "files", "path": str(folder), "timezone": "Europe/Berlin", "feeds": [FEED], **more}
    )
