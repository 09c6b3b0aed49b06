"""What differs between two states of a scorecard: figures before and after, and the rows that made the difference.

Here: two cards, or two frames of rows, in; differences out. Not here: reading them (`restate_io`), words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from opsguard_assets.scorecards.card.card import Card, Measure, Restated
from opsguard_assets.scorecards.card.digest import canonical

# Of each figure so many rows are named; the workbook holds all.
_NAMED = 20
_KEY = ("kpi", "month", "client_id", "site_id", "entity_type", "entity_id")
_SAID = ("numerator", "denominator", "measure", "excluded")


@dataclass(frozen=True)
class Differs:
    """A figure that is not the same.

    Attributes:
        kpi: Which one.
        site: Its site; None for the client as a whole.
        name: What people call the site.
        before: Its value before; None: no data.
        after: Its value after.
    """

    kpi: str
    site: str | None
    name: str | None
    before: Decimal | None
    after: Decimal | None


def same_figures(one: Card, other: Card) -> bool:
    """Whether two cards say the same of the same month, whenever and by whatever code they were made."""
    return canonical(_without_origin(one, other)) == canonical(other)


def differences(before: Card, after: Card) -> list[Differs]:
    """Figures that differ in value, counts or interval, the client's first, in the order of the registry."""
    old, new = dict(_figures(before)), dict(_figures(after))
    names = {site.site_id: site.name for card in (before, after) for site in card.sites}
    found = []
    for place in dict.fromkeys((*new, *old)):
        one, other = old.get(place), new.get(place)
        if _said(one) != _said(other):
            kpi, site = place
            values = (each.value if each is not None else None for each in (one, other))
            found.append(Differs(kpi, site, names.get(site or ""), *values))
    return found


def changed_rows(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows that are in one of two frames only, or count otherwise in them.

    Args:
        before: Rows of `kpis.schemas.KpiRows` of one client and month.
        after: The same, later.

    Returns:
        (`kpi`, `site_id`, `entity_type`, `entity_id`, `change`): added, removed or changed; in the order of the key.
    """
    said = (*_KEY, *_SAID)
    old, new = (frame.select(said).unique() for frame in (before, after))
    differing = {"nulls_equal": True, "on": said, "how": "anti"}
    gone, come = old.join(new, **differing), new.join(old, **differing)  # type: ignore[arg-type]
    both = gone.select(_KEY).join(come.select(_KEY), on=_KEY, how="inner", nulls_equal=True).unique()
    marked = pl.concat(
        [
            come.select(_KEY)
            .unique()
            .join(both, on=_KEY, how="anti", nulls_equal=True)
            .with_columns(change=pl.lit("added")),
            gone.select(_KEY)
            .unique()
            .join(both, on=_KEY, how="anti", nulls_equal=True)
            .with_columns(change=pl.lit("removed")),
            both.with_columns(change=pl.lit("changed")),
        ]
    )
    return marked.drop("client_id", "month").sort("kpi", "site_id", "entity_type", "entity_id")


def restated(before: Card, after: Card, rows: pl.DataFrame) -> Card:
    """The new card with its `restated`: every figure that differs from the card before it.

    Args:
        before: The card that was signed or sent.
        after: The new one, with its reason.
        rows: Of `changed_rows`.
    """
    named = _named(rows)
    changes = tuple(
        Restated(
            kpi=each.kpi,
            site=each.name or each.site,
            before=each.before,
            after=each.after,
            rows=named.get((each.kpi, each.site), ()),
        )
        for each in differences(before, after)
    )
    return after.model_copy(update={"restated": changes})


def _named(rows: pl.DataFrame) -> Mapping[tuple[str, str | None], tuple[str, ...]]:
    """The first rows of each figure as words: `ticket T7 added`. Rows of sites are those of the client, too."""
    words = pl.format("{} {} {}", "entity_type", "entity_id", "change")
    said = rows.select("kpi", "site_id", words=words)
    of_client = said.select("kpi", pl.lit(None, pl.String).alias("site_id"), "words")
    grouped = (
        pl.concat([said.filter(pl.col("site_id").is_not_null()), of_client])
        .unique(maintain_order=True)
        .group_by("kpi", "site_id", maintain_order=True)
        .agg(pl.col("words").head(_NAMED))
    )
    return {(kpi, site): tuple(names) for kpi, site, names in grouped.iter_rows()}


def _figures(card: Card) -> Iterator[tuple[tuple[str, str | None], Measure]]:
    for measure in card.measures:
        yield (measure.kpi, None), measure
    for site in card.sites:
        for measure in site.measures:
            yield (measure.kpi, site.site_id), measure


def _said(measure: Measure | None) -> tuple[object, ...] | None:
    if measure is None:
        return None
    return (
        measure.value, measure.numerator, measure.denominator, measure.low, measure.high, measure.missing
    )  # fmt: skip


def _without_origin(one: Card, other: Card) -> Card:
    return one.model_copy(update={"origin": other.origin, "seal": None})
