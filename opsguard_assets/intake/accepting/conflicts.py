"""Rejects rows of one report in one file that contradict each other in a column, with the reason.

Here: one pure function over what the feeds of a table made of a batch. Not here: rows that fill each other
(`opsguard_assets.tables.reports`). The order of rows within a file means nothing, so
the first value stays. A later file corrects an earlier one.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from opsguard_assets.intake.ledger.quarantine import FINDING, BrokenRule, Place, RejectedRow, rejected_rows
from opsguard_assets.intake.mapping.conform import Conformed
from opsguard_assets.tables.table import Table, rows_of
from opsguard_assets.tables.versions import ARRIVAL, IS_WITHDRAWN, SEQUENCE

_PART, _AT, _ORIGIN, _ENTRY = "_part", "_at", "_origin", "_entry"


def without_conflicts(raw: pl.DataFrame, parts: Sequence[Conformed], source: str) -> list[Conformed]:
    """What feeds made of a batch, without rows that contradict an earlier one of the same file and report.

    Args:
        raw: The raw rows of the batch, with `_arrival`.
        parts: What each feed of one table made of them.
        source: The source's name.

    Returns:
        The same parts; contradicting rows moved from `accepted` to `rejected`.
    """
    table = parts[0].table
    said = pl.concat(
        [
            part.accepted.with_columns(
                pl.lit(number).alias(_PART), part.places.alias(ARRIVAL), pl.int_range(pl.len()).alias(_AT)
            )
            for number, part in enumerate(parts)
        ],
        how="diagonal",
    )
    several = said.select(pl.struct(table.key).is_duplicated()).to_series()
    if not several.any():
        return list(parts)
    rows = said.filter(several).join(raw.select(ARRIVAL, _ORIGIN), on=ARRIVAL).sort(ARRIVAL, _PART)
    if IS_WITHDRAWN in rows.columns:
        rows = rows.filter(~pl.col(IS_WITHDRAWN).fill_null(value=False))
    found = _contradictions(rows, table)
    return [_without(raw, part, found.filter(pl.col(_PART) == n), source) for n, part in enumerate(parts)]


def _contradictions(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """(`_part`, `_at`, `_arrival`, rule, column, value) of every value that differs from the first of its report."""
    group = [*table.key, "known_at", SEQUENCE, _ORIGIN]
    places = [_PART, _AT, ARRIVAL]
    rule = f"{{}}: differs from an earlier row with the same {' and '.join(table.key)}"
    found = []
    for column in (c for c in table.columns if c not in (*table.key, "known_at")):
        filled = rows.filter(pl.col(column).is_not_null()).select(*group, *places, value=column)
        by = group
        if table.dtypes[column].is_nested():
            filled = filled.explode("value").drop_nulls("value").unnest("value").drop_nulls("value")
            by = [*group, "channel"]
        wrong = filled.filter(pl.col("value") != pl.col("value").first().over(by))
        text = pl.col("value").cast(pl.String)
        found.append(
            wrong.select(
                *places,
                rule=pl.lit(rule.format(column)),
                column=pl.lit(column),
                value=pl.format("{}={}", "channel", text) if "channel" in by else text,
            )
        )
    return pl.concat(found)


def _without(raw: pl.DataFrame, part: Conformed, found: pl.DataFrame, source: str) -> Conformed:
    if found.is_empty():
        return part
    broken = found.select((pl.col(ARRIVAL) - raw[ARRIVAL][0]).alias("row"), "rule", "column", "value").cast(FINDING)
    more = rejected_rows(raw, rows_of(BrokenRule, broken), Place(part.table.name, source))
    stays = ~pl.int_range(len(part.accepted), eager=True).is_in(found[_AT].implode())
    return replace(
        part,
        accepted=part.accepted.filter(stays),
        places=part.places.filter(stays),
        rejected=rows_of(RejectedRow, pl.concat([part.rejected, more])),
        rejected_count=part.rejected_count + int((~stays).sum()),
    )
