"""Whether what a link or a button is about may still be seen: a client's plan may have ended since it was sent.

Here: the one gate (`entitlements.entitled`), asked at the moment of use for all kinds of subjects. Not here: what plans
hold, and tokens (`tokens`).
"""

from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.alert_type import features_of
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.views.actions import Subject
from opsguard_assets.web.service import Service
from resources.sql import statement

ENDED = "The plan of this client does not hold this any longer, so nobody is shown or asked about it."


def may_be_seen(service: Service, connection: Connection, subject: Subject, at: datetime) -> bool:
    """Whether the client of a subject still receives it: of an incident, any of its alerts.

    What is about nothing that there is may be seen: its page says so.

    Args:
        service: Stores and settings.
        connection: An open transaction.
        subject: What a link or a button is about.
        at: The moment (UTC).
    """
    values = {"kind": subject.kind, "number": subject.number}
    alerts = [tuple(row) for row in connection.execute(statement(__name__, "alerts_about"), values)]
    if not alerts:
        return True
    rows = pl.DataFrame(alerts, schema={"client_id": pl.String, "alert_type": pl.String}, orient="row")
    held = entitlements_at(service.lake, service.settings, at)
    return bool(entitled_to_alerts(rows, held, features_of(ALERT_TYPES.values())).any())
