"""Whether a playbook may act for a client now, by what the lake knows of the client.

Here: the look-up for one client. Not here: the rule (`triggers.refusal`), which triggers ask for all alerts at once.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.remediation.engine.triggers import refusal
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.tables.registry import CLIENTS
from resources.lake import Lake


def not_entitled(lake: Lake, playbook: Playbook, client_id: str | None, now: datetime) -> str | None:
    """Why a playbook only shows what it would do for a client; None where it may act.

    Args:
        lake: Clients.
        playbook: The text.
        client_id: The client; None: what belongs to nobody, for which it may.
        now: As known at this moment (UTC).
    """
    about = pl.LazyFrame({"client_id": [client_id]}, schema={"client_id": pl.String})
    known = lake.known(CLIENTS, now).select(
        "client_id", "soar_enabled", pl.col("plan").cast(pl.String)
    ).unique("client_id")  # fmt: skip
    why = about.join(known, on="client_id", how="left").select(refusal(playbook).struct.field("reason"))
    found: str | None = why.collect().item()
    return found
