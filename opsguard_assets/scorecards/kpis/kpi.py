"""What a key figure (KPI) is: its definition in words and the function that finds its rows.

Here: the record. Not here: the records that there are (`registry`), and summing rows up (`figures`).

Each figure is made of rows at the lowest countable grain (a ticket, a shift, a device's day), so that a reader finds
the rows behind it, a spreadsheet recomputes it, and two months are compared row by row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from opsguard_assets.config.settings import Settings

Unit = Literal["percent", "count", "minutes", "tone"]
Section = Literal["operations", "quality", "risk", "shifts", "devices", "vendors", "remediation", "predictions"]
# How rows make a figure, of the sums over them. share: 100 * numerator / denominator. count: the numerator, or
# `per` * numerator / denominator where settings say per how many. mean and median: of `measure`.
Aggregate = Literal["share", "count", "mean", "median"]
# Tables by name (`Kpi.feeds`), and always WATERMARKS (`schemas.Watermarks`): through when each of them is complete.
Feeds = Mapping[str, pl.LazyFrame]
WATERMARKS = "watermarks"
# How the reasons begin of rows that are not counted because nobody knows; other reasons say that they do not belong.
# Where more rows are unknown than counted there is no figure.
UNKNOWN = "unknown"
# Feeds, the months of clients (`schemas.ClientMonths`) and settings to `schemas.KpiRows`.
Rows = Callable[[Feeds, pl.LazyFrame, Settings], pl.LazyFrame]


@dataclass(frozen=True, kw_only=True)
class Band:
    """Where a figure is good, and from where on it is bad; in the unit of the figure."""

    good: Decimal
    warning: Decimal


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One key figure. Texts are English and the keys of the catalogue of translations.

    Attributes:
        name: Its name in tables, settings and files.
        label: What readers call it, within 40 characters.
        unit: Of its value.
        aggregate: How its rows make a value.
        is_better: Whether a greater or a smaller value is better.
        band: The default bands; None where it has none.
        section: Where it stands on the card.
        formula: In words.
        population: What is counted in the denominator.
        membership: Which instant puts a row into a month.
        exclusions: What is left out, and why.
        no_data: When there is no figure.
        source: Where definition and bands come from.
        feeds: The tables that it reads: canonical ones by name, derived ones as room/name, those of the database as
            `database/…`.
        watermarks: Those of them that say through when data are complete.
        least: The least denominator (rows, for mean and median) that makes a figure.
        clusters: What its rows hang together by, such as devices: identifiers of rows begin with that of the cluster,
            then a space and something without one. None: rows are independent.
        months_late: How many months after its own one a figure is complete.
        rows: Finds its rows.
    """

    name: str
    label: str
    unit: Unit
    aggregate: Aggregate
    is_better: Literal["higher", "lower"]
    band: Band | None
    section: Section
    formula: str
    population: str
    membership: str
    exclusions: str
    no_data: str
    source: str
    feeds: tuple[str, ...]
    watermarks: tuple[str, ...]
    least: int = 1
    clusters: str | None = None
    months_late: int = 0
    rows: Rows
