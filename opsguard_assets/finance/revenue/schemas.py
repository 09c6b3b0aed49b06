"""Tables of revenue: columns and meanings. Not here: making them."""

import dataframely as dy

from opsguard_assets.entitlements.schemas import PlanStates
from opsguard_assets.tables.derived import count, instant, text
from opsguard_assets.tables.table import Table


def _money(meaning: str, *, nullable: bool = False) -> dy.Decimal:
    return dy.Decimal(precision=18, scale=2, nullable=nullable, description=f"{meaning}, in `plans.currency`")


def _month() -> dy.Date:
    return dy.Date(nullable=False, description="first day of the month, in the zone of operations")


def _share(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, 0..1; null: no data")


class Subscriptions(dy.Schema):
    """What a client has bought, and what it pays for a month."""

    client_id = text("the client", nullable=False)
    as_of = instant("by what was known then", nullable=False)
    plan = text("in force: that of a trial comes first; null if unknown")
    bought = text("the plan that was bought; null if unknown")
    is_trial = dy.Bool(nullable=False, description="whether a plan is being tried; nothing is paid then")
    is_ended = dy.Bool(nullable=False, description="whether the service has ended")
    sites = count("sites served", nullable=False)
    mrr = _money("what it pays for a month")
    add_ons = text("features that are paid beside the plan")
    ends_on = dy.Date(nullable=True, description="announced last day of service")
    trial_ends_on = dy.Date(nullable=True, description="last day of the trial")


class Mrr(dy.Schema):
    """The recurring revenue of a client at the end of a month, and the one movement that led to it."""

    client_id = text("the client", nullable=False)
    month = _month()
    plan = text("the plan in force at the end; null: unknown, or gone")
    sites = count("sites served at the end", nullable=False)
    is_trial = dy.Bool(nullable=False, description="whether it tried a plan at the end")
    start = _money("balance at the end of the month before")
    mrr = _money("balance at the end")
    movement = text("new, reactivation, expansion, contraction, churn; null: none")
    amount = _money("by how much, never negative")
    by_sites = _money("of an expansion or contraction, by sites at their former price (signed)", nullable=True)
    by_price = _money("of it, by plan, price, add-ons and discounts (signed)", nullable=True)
    is_provisional = dy.Bool(nullable=False, description="whether the month is not over yet")


class Arr(dy.Schema):
    """Revenue of a month of all clients: balances, movements, retention; ARR is 12 times the end, a run rate."""

    month = _month()
    start = _money("balance at the end of the month before")
    new = _money("clients who pay for the first time")
    reactivation = _money("clients who pay again")
    expansion = _money("clients who pay more")
    contraction = _money("clients who pay less")
    churn = _money("clients who pay no longer: when service ends, not when it is announced")
    end = _money("balance at the end")
    clients = count("clients who pay at the end", nullable=False)
    gross_retention = _share("(start - contraction - churn) / start")
    net_retention = _share("the same with expansion")
    arr = _money("12 times the end")
    is_provisional = dy.Bool(nullable=False, description="whether the month is not over yet")


class Usage(dy.Schema):
    """How often a client used a feature in a month, counted."""

    client_id = text("the client", nullable=False)
    month = _month()
    feature = text("the feature", nullable=False)
    unit = text("what is counted: alerts told, alerts taken up, playbooks run, scorecards sent", nullable=False)
    used = count("how many", nullable=False)


class Adoption(dy.Schema):
    """How many clients receive and use a feature in a month, against the target."""

    month = _month()
    feature = text("the feature", nullable=False)
    clients = count("clients that are served", nullable=False)
    entitled = count("of them, those that receive it", nullable=False)
    using = count("of them, those that used it", nullable=False)
    share = _share("using of all clients")
    target = _share("the target")


class ChurnRisk(dy.Schema):
    """Signs that a client may leave. Points of a rule, not a probability: too few have left to learn one."""

    client_id = text("the client", nullable=False)
    points = count("sum of the signs, at most 100", nullable=False)
    reasons = text("the signs in words", nullable=False)
    mrr = _money("what would be lost in a month")


class UpgradeCandidates(dy.Schema):
    """What a client would have received by a greater plan, counted, and what that plan would cost it."""

    client_id = text("the client", nullable=False)
    plan = text("in force", nullable=False)
    next_plan = text("the smallest plan that holds it", nullable=False)
    alerts = count("alerts that were computed and that no plan of the client held, each once", nullable=False)
    features = text("of which features, and how many", nullable=False)
    exposure = _money("what such troubles cost by `money`, if each came true and nobody acted: not what was saved")
    more_mrr = _money("what the greater plan costs more in a month")


class KnownClients(dy.Schema):
    """What was known of a client, and how long. Stretches of one client do not overlap."""

    client_id = text("the client")
    plan = text("the plan that it had bought; null if unknown")
    joined_on = dy.Date(nullable=True, description="since when it is one")
    since = instant("known from then")
    until = instant("no longer from then; null while it is current")


class KnownSites(dy.Schema):
    """What was known of a site, and how long."""

    site_id = text("the site")
    client_id = text("whose it is")
    since = instant("known from then")
    until = instant("no longer from then; null while it is current")


class KnownDevices(dy.Schema):
    """What was known of a device, and how long."""

    device_id = text("the device")
    site_id = text("where it is")
    since = instant("known from then")
    until = instant("no longer from then; null while it is current")


class Moments(dy.Schema):
    """A day at which states are asked."""

    on = dy.Date(nullable=False, description="the day, in the zone of operations")
    at = instant("things count as known then", nullable=False)


class ClientStates(PlanStates):
    """The state of a client on a day."""

    bought = text("the plan that was bought; null if unknown")


class Announced(dy.Schema):
    """An end that is announced."""

    client_id = text("the client", nullable=False)
    what = text("service, or trial of a plan", nullable=False)
    ends_on = dy.Date(nullable=False, description="the last day")


class Cohorts(dy.Schema):
    """What of the revenue of its first month a cohort pays later."""

    cohort = dy.Date(nullable=False, description="the first paid month of its clients")
    month = _month()
    age = count("months since the first one", nullable=False)
    share = dy.Float64(nullable=True, description="of the revenue of the first month; above 1 where clients grow")


class PlanRevenue(dy.Schema):
    """Clients that pay by a plan at the end of a month."""

    plan = text("the plan; null if unknown")
    clients = count("clients who pay", nullable=False)
    sites = count("their sites", nullable=False)
    mrr = _money("what they pay for a month")
    arr = _money("12 times that")


class BrokenMonths(dy.Schema):
    """A month that does not close."""

    month = _month()
    start = _money("balance at its start")
    closes_at = _money("start with all movements")
    end = _money("balance at its end")
    before = _money("end of the month before", nullable=True)


class MovedBalances(dy.Schema):
    """A balance of a month that was over when it was stored, and that is another one by now."""

    client_id = text("the client", nullable=False)
    month = _month()
    was = _money("as stored", nullable=True)
    mrr = _money("as computed", nullable=True)


class Reconciliation(dy.Schema):
    """How the invoices of a client follow from its recurring revenue."""

    client_id = text("the client", nullable=False)
    mrr = _money("what is in force when the month begins")
    proration = _money("what days of the month add to that or take from it")
    credits = _money("single credits, negative")
    invoiced = _money("the sum of its lines")
    open = _money("0, or the month does not close")


SUBSCRIPTIONS = Table(name="subscriptions", room="finance", schema=Subscriptions, key=("client_id",))
MRR = Table(name="mrr", room="finance", schema=Mrr, key=("client_id", "month"))
ARR = Table(name="arr", room="finance", schema=Arr, key=("month",))
USAGE = Table(name="usage", room="finance", schema=Usage, key=("client_id", "month", "feature", "unit"))
ADOPTION = Table(name="adoption", room="finance", schema=Adoption, key=("month", "feature"))
CHURN_RISK = Table(name="churn_risk", room="finance", schema=ChurnRisk, key=("client_id",))


class InvoiceLines(dy.Schema):
    """One line of an invoice."""

    month = _month()
    client_id = text("the client", nullable=False)
    line = count("place on the invoice, from 1", nullable=False)
    item = text("a plan, a feature, discount or credit", nullable=False)
    per = text("what is paid for: site, device or client", nullable=False)
    quantity = count("how many", nullable=False)
    unit_price = dy.Decimal(precision=38, scale=10, nullable=False, description="per month, in `plans.currency`")
    first_day = dy.Date(nullable=False, description="first day that is billed")
    last_day = dy.Date(nullable=False, description="last day that is billed")
    days = count("days billed", nullable=False)
    of_days = count("days of the month", nullable=False)
    amount = _money("the amount, rounded once")
    text = text("what the line says", nullable=False)


class ArrProjection(dy.Schema):
    """A scenario of annual recurring revenue."""

    name = text("what it is called", nullable=False)
    clients = count("clients", nullable=False)
    sites = dy.Decimal(precision=18, scale=2, nullable=False, description="sites of all of them")
    adoption = dy.Decimal(precision=8, scale=6, nullable=False, description="share of sites that pay, 0..1")
    price = _money("average price per site and month")
    arr = _money("sites times adoption times price times 12")


INVOICES = Table(name="invoices", room="finance", schema=InvoiceLines, key=("month", "client_id", "line"))
PROJECTION = Table(name="arr_projection", room="finance", schema=ArrProjection, key=("name",))
UPGRADES = Table(name="upgrade_candidates", room="finance", schema=UpgradeCandidates, key=("client_id", "next_plan"))
# All that finance keeps in the lake.
FINANCE_TABLES = (SUBSCRIPTIONS, MRR, ARR, USAGE, ADOPTION, CHURN_RISK, UPGRADES, INVOICES, PROJECTION)
