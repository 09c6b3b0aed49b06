"""The playbooks in use, in the database: every text that was ever in use, and how each playbook stands.

Here: keeping them. Not here: reading files (`playbook.load_io`), how much a playbook may do by itself (`autonomy`).
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection

from opsguard_assets.remediation.engine.states import Standing
from opsguard_assets.remediation.playbook.model import Playbook
from resources.sql import statement


def keep(connection: Connection, playbooks: Collection[Playbook], at: datetime) -> dict[str, Standing]:
    """Writes down which playbooks are in use, where that has changed; how each of them stands.

    Args:
        connection: An open transaction.
        playbooks: Those that can be read.
        at: The time of the clock (UTC).
    """
    rows = [
        {
            "playbook": each.playbook,
            "digest": each.digest,
            "content": each.model_dump(mode="json", by_alias=True),
        }
        for each in playbooks
    ]
    known = {row.playbook: row.digest for row in connection.execute(statement(__name__, "triggers/known"))}
    if known != {row["playbook"]: row["digest"] for row in rows}:
        connection.execute(statement(__name__, "triggers/keep"), {"rows": json.dumps(rows), "at": at})
    found = connection.execute(statement(__name__, "triggers/standing")).mappings()
    return {row["playbook"]: Standing(**{k: v for k, v in row.items() if k != "playbook"}) for row in found}


def off_clients(connection: Connection) -> Mapping[str, str]:
    """Clients whose kill switch is off, and why."""
    rows = connection.execute(statement(__name__, "triggers/off_clients"))
    return {row.name: row.why for row in rows}
