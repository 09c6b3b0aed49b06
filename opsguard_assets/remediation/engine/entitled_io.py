"""Whether a playbook may act for a client now, by what the lake knows of the client.

Here: the look-up for one client. Not here: the rule (`triggers.refusal`), which triggers ask for all alerts at once.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.remediation.engine.triggers import asked_of, refusal
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.tables.registry import CLIENTS
from resources.lake import Lake


def not_entitled(
    lake: Lake, settings: Settings, playbook: Playbook, client_id: str | None, now: datetime
) -> str | None:
    """Why a playbook only shows what it would do for a client; None where it may act.

    Args:
        lake: Clients.
        settings: What plans hold.
        playbook: The text.
        client_id: The client; None: what belongs to nobody, for which it may.
        now: As known at this moment (UTC).
    """
    held = entitlements_at(lake, settings, now)
    enabled = lake.known(CLIENTS, now).select("client_id", "soar_enabled").unique("client_id").collect()
    about = pl.DataFrame({"client_id": [client_id]}, schema={"client_id": pl.String})
    known = about.join(enabled, on="client_id", how="left").join(held.clients, on="client_id", how="left")
    asked = known.with_columns(asked_of(known, playbook, held))
    found: str | None = asked.select(refusal(playbook).struct.field("reason")).item()
    return found
