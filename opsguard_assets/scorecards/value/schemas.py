"""What acting was worth, as a table: columns and meanings. Not here: computing it (`holdout`, `worth`)."""

import dataframely as dy

from opsguard_assets.tables.derived import count as whole
from opsguard_assets.tables.derived import instant, number, text
from opsguard_assets.tables.table import Table


class ValueDelivered(dy.Schema):
    """Something that acting was worth to a client in the months up to one."""

    month = dy.Date(nullable=False, description="first day of the last month of the window")
    client_id = text("the client; null: all clients together")
    item = text(
        "breaches, penalties, device_failures, no_shows, alerts_resolved, hours_saved or late_orders", nullable=False
    )
    method = text("counted, measured, too_few, estimated or provider", nullable=False)
    window_starts = dy.Date(nullable=False, description="first day of the window")
    months = whole("months of the window with data", nullable=False)
    count = number("how many in the window; never cut at zero")
    low = number("lower end of the 95 % interval; null for what is counted")
    high = number("upper end of it")
    held_back = whole("alerts of the window that were held back")
    needed = whole("how many are needed; null where alerts of this kind are never held back")
    unit_value = number("what one is worth, in the client's currency")
    money = number("count times unit value; null without a figure, and where the interval holds 0")
    provider_low = number("all clients together: the share of events that acting prevents, lower end of the interval")
    provider_high = number("upper end of it")
    announced = whole("of an estimate: alerts of the window")
    happened = whole("how many of them happened all the same")
    expected = number("how many the model had expected without alerts")
    checked_on = whole("outcomes of which nobody was told that the model's odds were checked on")
    recorded_upto = instant("records that were recorded later do not count", nullable=False)


VALUE_DELIVERED = Table(
    name="value_delivered", room="scorecards", schema=ValueDelivered, key=("month", "client_id", "item")
)
