"""The scorecard as a value: what is signed, and of which HTML, PDF, Excel, JSON and CSV are made.

Here: its parts. Not here: composing it of tables (`compose`), words and numbers in a language (`forms`).

It holds values, codes and names, no sentences: each form says them in the reader's language. Decimals are written as
text in JSON (RFC 8785 knows doubles only), instants as ISO 8601 with `Z`. Nothing in it depends on when it is written.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from opsguard_assets.config.base import Strict

Language = Literal["en", "de"]
# How a value is known. counted: one by one. measured: against a hold-out. too_few: too few held back to say.
# estimated: expected by a calibrated model. provider: of all clients together, not of this one.
Method = Literal["counted", "measured", "too_few", "estimated", "provider"]


class Excluded(Strict):
    """Rows that are not counted."""

    reason: str
    rows: int


class Measure(Strict):
    """A key figure in the month, beside the month before, the year before and the twelve months to it.

    Attributes:
        kpi: Its name in the registry.
        month: Its own month: an earlier one for figures that are complete later.
        value: Rounded to six digits; None: no data, and `missing` says why.
        clusters: How many things the figure is of where its rows hang together, such as devices.
        per: Of a count: it is per so many of the denominator; None: it is the count itself.
        trend: Values of the twelve months to it, oldest first.
    """

    kpi: str
    month: date
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    clusters: int | None = None
    per: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    band: Literal["good", "warning", "bad"] | None = None
    target: Decimal | None = None
    before: Decimal | None = None
    year_before: Decimal | None = None
    trend: tuple[Decimal | None, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    missing: str | None = None
    data_through: datetime | None = None
    is_provisional: bool = False


class SiteFigures(Strict):
    """The key figures of one site."""

    site_id: str
    name: str
    measures: tuple[Measure, ...]


class Value(Strict):
    """Something that acting was worth.

    Attributes:
        item: breaches, device_failures, no_shows, alerts_resolved, hours_saved or penalties.
        method: How it is known.
        window_starts: First day of the window that the count is of; its last month is that of the card.
        count: How many; signed, never cut at zero.
        low: Lower end of the 95 % interval; None for what is counted.
        high: Upper end.
        monthly: The mean by month of the window.
        held_back: How many alerts of the window were held back.
        needed: How many are needed.
        unit_value: What one is worth, by the settings or the contract.
        money: count times unit_value; None where the interval holds 0 or there is no figure.
        provider_low: Of all clients together: the share that acting prevents, lower end.
        provider_high: Upper end.
        announced: Of an estimate: how many the model had announced.
        happened: How many of these happened.
        expected: How many the model had expected without alerts; `count` is `expected` less `happened`.
        checked_on: How many outcomes, of which nobody was told, the model's odds were checked on.
    """

    item: str
    method: Method
    window_starts: date
    count: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    monthly: Decimal | None = None
    held_back: int | None = None
    needed: int | None = None
    unit_value: Decimal | None = None
    money: Decimal | None = None
    provider_low: Decimal | None = None
    provider_high: Decimal | None = None
    announced: int | None = None
    happened: int | None = None
    expected: Decimal | None = None
    checked_on: int | None = None


class Return(Strict):
    """What acting was worth in an average month, beside the price of the plan.

    Attributes:
        worth: The money of all items that may be added up; None where there are none.
        low: Lower end of the 95 % interval; None where everything was counted.
        high: Upper end.
        times: How many times the price that is; None where it is not told: nothing is known, the plan costs nothing,
            or its price is in another currency.
        times_low: Lower end.
        times_high: Upper end.
        left_out: Items that are not in it, because nobody measured them or their interval holds 0.
    """

    worth: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    times: Decimal | None = None
    times_low: Decimal | None = None
    times_high: Decimal | None = None
    left_out: tuple[str, ...] = ()


class Risk(Strict):
    """Something that is likely to go wrong next.

    Attributes:
        kind: ticket, device, shift, work_order or alert.
        entity_id: Which one.
        name: What people call it.
        site: The name of its site.
        probability: By the stored tick; None for what is known to be so.
        by: Until when.
        action: A code of what to do.
    """

    kind: str
    entity_id: str
    name: str
    site: str | None = None
    probability: Decimal | None = None
    by: datetime | None = None
    action: str


class Change(Strict):
    """A key figure that moved, with the rows that moved it, most first."""

    kpi: str
    site: str | None = None
    before: Decimal | None
    after: Decimal | None
    rows: tuple[str, ...] = ()


class Shadow(Strict):
    """What a greater plan would have delivered: alerts of its kind that were computed and not sent."""

    plan: Literal["silver", "gold"]
    feature: str
    count: int
    examples: tuple[str, ...] = ()


class Predicted(Strict):
    """How good predictions of the month before were.

    Attributes:
        problem: The learned problem.
        announced: Predictions at or above the alert's threshold whose outcome is known and which nothing changed.
        came_true: How many of these happened.
        expected: How many the predictions expected.
        brier: Mean squared error of the probabilities.
        brier_base: That of the base rate.
        scored_by: The model, or the rule.
    """

    problem: str
    announced: int
    came_true: int
    expected: Decimal
    brier: Decimal | None = None
    brier_base: Decimal | None = None
    scored_by: str


class Vendor(Strict):
    """A vendor on the provider's own card."""

    vendor_id: str
    name: str
    trade: str | None = None
    grade: str | None = None
    score: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    jobs: int


class Restated(Strict):
    """A figure that a restatement changed."""

    kpi: str
    site: str | None = None
    before: Decimal | None
    after: Decimal | None
    rows: tuple[str, ...] = ()


class Origin(Strict):
    """Of what the card was made: enough to make it again.

    Attributes:
        as_of: The moment of the run; what is open or likely is of then.
        recorded_upto: Records that were recorded later do not count.
        versions: Version of each derived table by name.
        models: Champion of each problem at the end of the month; "rule" where the rule scored.
        code: Version of OpsGuard.
    """

    as_of: datetime
    recorded_upto: datetime
    versions: dict[str, int]
    models: dict[str, str]
    code: str


class Seal(Strict):
    """How far a scorecard is signed: printed on every form, and no part of the figures that are signed.

    Attributes:
        status: draft, reviewed, signed, or unsigned: sent although nobody signed it.
        digest: SHA-256 of the figures (`digest`).
        link: The head of the chain of signings when this one was the newest; None where it is not signed.
        signed_by: Who signed.
        signed_at: When (UTC).
    """

    status: Literal["draft", "reviewed", "signed", "unsigned"] = "draft"
    digest: str
    link: str | None = None
    signed_by: str | None = None
    signed_at: datetime | None = None


class Card(Strict):
    """The scorecard of a client, or of the provider (`client_id` None), and a month.

    Attributes:
        number: 0; n for the n-th restatement.
        language: Of the words.
        locale: Of numbers, dates and money, such as `de_CH`.
        currency: ISO 4217.
        data_through: The least of its figures.
        plan: What the client has bought, as known at the end of the month.
        features: What it receives by that plan.
        price: What the client pays in a month by that plan, all sites and add-ons together, less lasting discounts; 0
            in a trial, None where no plan is known.
        price_currency: Of the price (ISO 4217), which may differ from that of values.
        returns: What acting was worth in an average month, beside the price; None on cards of older versions.
        measures: Of the client as a whole, in the order of the registry.
        likely: What is likely to go wrong next, most urgent first.
        reason: Why it was restated.
        restated: What the restatement changed.
        seal: How far it is signed; None before it is kept.
    """

    format: Literal[1] = 1
    client_id: str | None
    client_name: str
    month: date
    number: int = 0
    timezone: str
    language: Language = "en"
    locale: str = "en_US"
    currency: str
    data_through: datetime | None
    is_provisional: bool
    plan: str | None
    features: tuple[str, ...] = ()
    price: Decimal | None = None
    price_currency: str | None = None
    returns: Return | None = None
    origin: Origin
    measures: tuple[Measure, ...]
    sites: tuple[SiteFigures, ...] = ()
    value: tuple[Value, ...] = ()
    likely: tuple[Risk, ...] = ()
    changes: tuple[Change, ...] = ()
    shadow: tuple[Shadow, ...] = ()
    predictions: tuple[Predicted, ...] = ()
    vendors: tuple[Vendor, ...] = ()
    reason: str | None = None
    restated: tuple[Restated, ...] = ()
    seal: Seal | None = None
