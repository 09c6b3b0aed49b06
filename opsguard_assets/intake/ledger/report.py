"""What people read about loads: rejected rows per rule, the ledger, as small frames and as Markdown.

Here: pure summaries of quarantine and ledger frames. Not here: reading them from the lake, and colours.
"""

import dataframely as dy
import polars as pl

from opsguard_assets.intake.ledger.ledger import LEDGER, LedgerLine
from opsguard_assets.intake.ledger.quarantine import RejectedRow

_EXAMPLE_CHARACTERS = 60
_VALUES = 5


def rejected_per_rule(quarantine: dy.DataFrame[RejectedRow]) -> pl.DataFrame:
    """How often which rule was broken, the most frequent first.

    Args:
        quarantine: The rejected rows.

    Returns:
        (table, rule, rows, example, values, first_seen): `rows` counts raw rows, `example` is one offending value,
        `values` the most frequent ones with their counts, and `first_seen` the place (`origin:position`) of one of
        them. A row broken by two rules counts in both.
    """
    place = pl.format("{}:{}", "origin", pl.col("position").fill_null(0))
    ordered = quarantine.sort("load_id", "origin", "position")
    return (
        ordered.group_by("table", "rule", maintain_order=True)
        .agg(
            pl.struct("load_id", "origin", "position").n_unique().cast(pl.Int64).alias("rows"),
            pl.col("value").drop_nulls().first().str.slice(0, _EXAMPLE_CHARACTERS).alias("example"),
            place.first().alias("first_seen"),
        )
        .join(_values(ordered), on=["table", "rule"], how="left", maintain_order="left")
        .select("table", "rule", "rows", "example", "values", "first_seen")
        .sort("rows", "table", "rule", descending=[True, False, False])
    )


def _values(ordered: pl.DataFrame) -> pl.DataFrame:
    """(table, rule, values): the distinct offending values of every rule, the most frequent first, with counts."""
    shown = pl.col("value").str.slice(0, _EXAMPLE_CHARACTERS)
    counted = (
        ordered.drop_nulls("value")
        .group_by("table", "rule", shown, maintain_order=True)
        .agg(times=pl.len())
        .sort("times", descending=True, maintain_order=True)
    )
    named, more = pl.format("{} ({})", "value", "times").head(_VALUES).str.join(", "), pl.len() - _VALUES
    return counted.group_by("table", "rule", maintain_order=True).agg(
        pl.when(pl.len() > _VALUES).then(pl.format("{}, and {} more", named, more)).otherwise(named).alias("values")
    )


def ledger_summary(ledger: dy.DataFrame[LedgerLine]) -> pl.DataFrame:
    """Totals per source and table over some ledger rows.

    Args:
        ledger: The lines.

    Returns:
        (source, table, loads, received, accepted, rejected, unchanged, withdrawn, rejected_share, last_loaded_at).
    """
    counts = ["received", "accepted", "rejected", "unchanged", "withdrawn"]
    share = pl.when(pl.col("received") > 0).then(pl.col("rejected") / pl.col("received")).otherwise(0.0)
    return (
        ledger.group_by("source", "table")
        .agg(
            pl.col("load_id").n_unique().cast(pl.Int64).alias("loads"),
            pl.col(counts).sum(),
            pl.col("loaded_at").max().alias("last_loaded_at"),
        )
        .with_columns(share.alias("rejected_share"))
        .select("source", "table", "loads", *counts, "rejected_share", "last_loaded_at")
        .sort("source", "table")
    )


def not_conserved(ledger: dy.DataFrame[LedgerLine]) -> dy.DataFrame[LedgerLine]:
    """Ledger rows in which received differs from accepted + rejected + unchanged; healthy when empty."""
    counted = pl.col("accepted") + pl.col("rejected") + pl.col("unchanged")
    return LEDGER.rows(ledger.filter(pl.col("received") != counted))


def above_share(ledger: dy.DataFrame[LedgerLine], limits: dict[str, float]) -> dy.DataFrame[LedgerLine]:
    """Ledger rows whose rejected share is above the limit of their source (`max_rejected_share`)."""
    limit = pl.col("source").replace_strict(limits, default=None, return_dtype=pl.Float64)
    return LEDGER.rows(ledger.filter(pl.col("rejected_share") > limit))


def incomplete_lists(ledger: dy.DataFrame[LedgerLine]) -> list[str]:
    """Why which complete lists withdrew nothing, one sentence each; healthy when empty."""
    rows = ledger.filter(pl.col("incomplete").is_not_null())
    return rows.select(pl.format("{}: {}", "source", "incomplete")).to_series().to_list()


def deleted_records(ledger: dy.DataFrame[LedgerLine]) -> list[str]:
    """How many rejected rows a changed mapping could not judge again, one sentence each; healthy when empty."""
    words = pl.format(
        "{}: {} rejected rows of {} were not judged by the changed mapping: their raw records were deleted "
        "(retention.raw_days). Deliver them again to have them accepted.",
        "source", "raw_deleted", "table",
    )  # fmt: skip
    return ledger.filter(pl.col("raw_deleted") > 0).select(words).to_series().to_list()


def as_markdown(frame: pl.DataFrame, *, limit: int = 20) -> str:
    """A small frame as a Markdown table; texts are escaped, so that received HTML is shown and not run.

    Args:
        frame: Scalars only; shares (`*_share`) are written in percent.
        limit: Rows shown; the rest is counted in a last line.
    """
    shown = frame.head(limit).select(_cell(name, dtype) for name, dtype in frame.schema.items())
    lines = [f"| {' | '.join(frame.columns)} |", f"|{'---|' * frame.width}"]
    lines += [f"| {' | '.join(row)} |" for row in shown.iter_rows()]
    if len(frame) > limit:
        lines.append(f"\n{len(frame) - limit} more rows.")
    return "\n".join(lines)


def _cell(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if name.endswith("_share"):
        return pl.format("{} %", (column * 100).round(2)).fill_null("").alias(name)
    if isinstance(dtype, pl.Datetime):
        zone = f" {dtype.time_zone}" if dtype.time_zone else ""
        return column.dt.strftime(f"%Y-%m-%d %H:%M{zone}").fill_null("").alias(name)
    text = column.cast(pl.String).fill_null("").str.replace_all(r"[\r\n\x00]+", " ")
    for sign, escaped in (
        ("\\", "\\\\"),
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "\\|"),
        ("`", "\\`"),
        ("[", "\\["),
        ("://", "&#58;//"),  # an address is shown, and no link
    ):
        text = text.str.replace_all(sign, escaped, literal=True)
    return text.alias(name)
