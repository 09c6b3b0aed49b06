"""HTML pages of vendors: one for each, and one ranking, as text.

Here: figures in, pages out. Not here: the figures, pictures (`scores.plots`), and writing files (the command).

Everything that comes from outside goes through the autoescape of the templates; pictures escape their own words. Names
of files are made of an identifier's harmless letters and a digest of all of them.
"""

import hashlib
import re
from datetime import datetime
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from opsguard_assets.config.settings import Settings
from opsguard_assets.vendors.scores.io import Scored
from opsguard_assets.vendors.scores.plots import parts_plot, ranking_plot, trend_plot
from opsguard_assets.vendors.scores.report import late_jobs, rework_chains

INDEX = "index.html"
_MOST_ROWS = 50


def pages_of(scored: Scored, as_of: datetime, settings: Settings) -> dict[str, str]:
    """The pages by the names of their files, the ranking first."""
    rows = scored.scores.sort("vendor_id").to_dicts()
    ranking = {INDEX: ranking_page(scored, as_of, settings)}
    return ranking | {file_of(row["vendor_id"]): vendor_page(row, scored, as_of, settings) for row in rows}


def file_of(vendor_id: str) -> str:
    """The name of a vendor's page, the same for ever."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", vendor_id).strip("-")[:40]
    return f"vendor-{plain}-{hashlib.sha256(vendor_id.encode()).hexdigest()[:8]}.html"


def ranking_page(scored: Scored, as_of: datetime, settings: Settings) -> str:
    """All vendors, trade by trade."""
    moved = scored.ranking.select("vendor_id", "change", "drivers")
    rows = scored.scores.join(moved, on="vendor_id", how="left", maintain_order="left").to_dicts()
    for row in rows:
        row["file"] = file_of(row["vendor_id"])
    trades = sorted({row["trade"] or "" for row in rows})
    ranked = sum(row["rank"] is not None for row in rows)
    return _rendered(
        "vendor_ranking.html.j2",
        as_of,
        settings,
        headline=f"{len(rows):,} vendors with jobs, {ranked:,} with enough of them to rank.",
        plot=_picture(ranking_plot(scored.scores)),
        trades=[
            {"name": name or "no trade known", "rows": [row for row in rows if (row["trade"] or "") == name]}
            for name in trades
        ],
    )


def vendor_page(row: dict[str, Any], scored: Scored, as_of: datetime, settings: Settings) -> str:
    """One vendor: its parts, its months, its late jobs, what had to be done again."""
    mine = pl.col("vendor_id") == row["vendor_id"]
    months = scored.months.filter(mine).sort("month")
    late = late_jobs(scored.jobs.filter(mine, pl.col("month") >= scored.months["month"].min()), as_of)
    chains = rework_chains(scored.jobs).filter(pl.col("first_vendor_id") == row["vendor_id"])
    return _rendered(
        "vendor.html.j2",
        as_of,
        settings,
        vendor=row,
        headline=_headline(row),
        parts=_picture(parts_plot(row)),
        trend=_picture(trend_plot(months)),
        months=months.to_dicts(),
        sentiment_days=round(settings.vendors.sentiment_days),
        lists=[
            _listed(_since(months), _late(late)),
            _listed("Done again", _again(chains), wide=True),
        ],
    )


def _headline(row: dict[str, Any]) -> str:
    if row["score"] is None:
        return f"{row['jobs']:,} jobs, and nothing known of any part of the score."
    place = (
        f"rank {row['rank']} of {row['ranked']} in its trade"
        if row["rank"] is not None
        else "too few jobs to be ranked"
    )
    graded = f"grade {row['grade']}, " if row["grade"] is not None else ""
    return (
        f"Score {row['score']:.1f}, {graded}{place}; {row['jobs']:,} jobs. "
        f"With 90 % probability between {row['low']:.1f} and {row['high']:.1f}."
    )


def _late(late: pl.DataFrame) -> pl.DataFrame:
    clock = pl.col("due_at", "completed_at").dt.strftime("%Y-%m-%d %H:%M UTC")
    rows = late.with_columns(clock).with_columns(pl.col("completed_at").fill_null("still open"))
    return rows.select("work_order_id", "site_id", "category", "due_at", "completed_at", "hours_late")


def _again(chains: pl.DataFrame) -> pl.DataFrame:
    return chains.select("first_id", "repairs", pl.col("last_at").dt.strftime("%Y-%m-%d"), "chain")


def _since(months: pl.DataFrame) -> str:
    return f"Late jobs since {months['month'].to_list()[0]:%B %Y}" if len(months) else "Late jobs"


def _listed(title: str, rows: pl.DataFrame, *, wide: bool = False) -> dict[str, object]:
    return {
        "title": f"{title}: {len(rows):,}",
        "columns": [name.removesuffix("_at").removesuffix("_id").replace("_", " ") for name in rows.columns],
        "rows": rows.head(_MOST_ROWS).rows(),
        "more": max(len(rows) - _MOST_ROWS, 0),
        "wide": wide,
    }


def _picture(svg: bytes) -> Markup:
    """An SVG of ours, whose words are escaped already."""
    return Markup(svg.decode())  # noqa: S704 - `opsguard_assets.drawing` escapes every word


def _rendered(name: str, as_of: datetime, settings: Settings, **values: object) -> str:
    environment = Environment(autoescape=True, loader=PackageLoader("templates", ""))
    shared = {"as_of": f"{as_of:%Y-%m-%d %H:%M}", "day": f"{as_of:%Y-%m-%d}", "days": settings.vendors.window_days}
    return environment.get_template(name).render(**shared, fewest=settings.vendors.fewest_jobs, **values)
