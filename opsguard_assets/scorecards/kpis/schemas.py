"""Key figures as tables: columns and meanings. Not here: making them (`figures`, the modules of each figure)."""

import dataframely as dy

from opsguard_assets.tables.derived import count, instant, number, text
from opsguard_assets.tables.table import Table


class ClientMonths(dy.Schema):
    """A month of a client: from the first instant of the month in the client's zone to that of the next one."""

    client_id = text("the client", nullable=False)
    month = dy.Date(nullable=False, description="first day of the month")
    starts_at = instant("its first instant", nullable=False)
    ends_at = instant("the first instant of the next month", nullable=False)


class Watermarks(dy.Schema):
    """Through when a feed is complete. What is open then counts as open until then."""

    feed = text("the feed, as `Kpi.feeds` names it", nullable=False)
    through_at = instant("through when; never later than the moment of the run; null: nothing was delivered yet")


class KpiRows(dy.Schema):
    """One countable thing in a key figure: a ticket, a shift, a device's day."""

    kpi = text("the key figure", nullable=False)
    month = dy.Date(nullable=False, description="first day of the client's month")
    client_id = text("the client", nullable=False)
    site_id = text("the site; null where the row belongs to none")
    entity_type = text("what the row is: ticket, shift, tour, work_order, device, alert, punch, event", nullable=False)
    entity_id = text("which one", nullable=False)
    at = instant("the instant that puts it into the month")
    numerator = number("what it adds to the numerator; 0 where it is excluded", nullable=False)
    denominator = number("what it adds to the denominator; 0 where it is excluded", nullable=False)
    measure = number("the measured value, for means and medians")
    excluded = text("why it is not counted; null where it is")


class Announcements(dy.Schema):
    """A thing that was announced to go wrong, and whose outcome is known."""

    client_id = text("the client", nullable=False)
    month = dy.Date(nullable=False, description="first day of the client's month in which the outcome became known")
    problem = text("the learned problem", nullable=False)
    probability = number("as it was announced first, 0..1", nullable=False)
    came_true = dy.Bool(nullable=False, description="whether it happened")
    was_acted_on = dy.Bool(nullable=False, description="whether somebody or something acted on it before")


class Kpis(dy.Schema):
    """A key figure of a client, or of one of its sites, in a month."""

    month = dy.Date(nullable=False, description="first day of the client's month")
    client_id = text("the client", nullable=False)
    site_id = text("the site; null for the client as a whole")
    kpi = text("the key figure", nullable=False)
    value = number("in its unit; null: no data")
    numerator = number("sum over its rows", nullable=False)
    denominator = number("sum over its rows", nullable=False)
    low = number("lower end of the 95 % interval of a share")
    high = number("upper end of it")
    unit = text("percent, count, minutes or tone", nullable=False)
    band = text("good, warning or bad; null without a figure or without bands")
    target = number("where it is good, by the settings of the client")
    excluded = dy.List(
        dy.Struct({"reason": dy.String(nullable=False), "rows": dy.Int64(nullable=False)}),
        nullable=False,
        description="rows that are not counted, by reason",
    )
    missing = text("why there is no figure; null where there is one")
    data_through = instant("the least watermark of its feeds")
    is_provisional = dy.Bool(nullable=False, description="whether data do not reach past the end of the month yet")
    recorded_upto = instant("records that were recorded later do not count", nullable=False)


class KpiTerms(dy.Schema):
    """When a key figure of a client is good, in the unit of the figure."""

    kpi = text("the key figure", nullable=False)
    client_id = text("the client", nullable=False)
    good = number("good from here on")
    warning = number("bad beyond here")
    target = number("what is aimed at")
    per = count("per how many a count is shown")


class SignedMonths(dy.Schema):
    """A month that a client's scorecard was signed for: its figures stay."""

    client_id = text("the client", nullable=False)
    month = dy.Date(nullable=False, description="first day of the client's month")


class PredictionQuality(dy.Schema):
    """How good the predictions of a problem were whose outcome became known in a month of a client."""

    client_id = text("the client", nullable=False)
    month = dy.Date(nullable=False, description="first day of the client's month")
    problem = text("the learned problem", nullable=False)
    announced = count("entities that were announced and that nobody acted on", nullable=False)
    came_true = count("how many of these it happened to", nullable=False)
    expected = number("how many the first announcements expected", nullable=False)
    brier = number("mean squared error of the probabilities, of all entities that were scored", nullable=False)
    brier_base = number("that of the base rate", nullable=False)
    scored_by = text("model and version, or rule", nullable=False)


class PastParts(dy.Schema):
    """What a snapshot keeps of the database (`past_io.Past`), by part."""

    part = text("episodes, executions, ticks, through, escalations, decisions or filled", nullable=False)
    rows = dy.Binary(nullable=False, description="the rows, as an Arrow IPC file")


PAST = Table(name="past", room="scorecards", schema=PastParts, key=("part",))
KPIS = Table(name="kpis", room="scorecards", schema=Kpis, key=("month", "client_id", "site_id", "kpi"))
KPI_ROWS = Table(
    name="kpi_rows", room="scorecards", schema=KpiRows, key=("month", "client_id", "kpi", "entity_type", "entity_id")
)
