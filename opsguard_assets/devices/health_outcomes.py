"""Whether a low health score comes before failures: the share of devices that failed, by band and horizon.

Here: scores and lives in, shares with intervals out, and their picture. Not here: health and lives.
"""

from collections.abc import Mapping

import polars as pl

BANDS = ("critical", "warning", "good")
WITHIN: Mapping[str, float] = {"24h": 1_440.0, "7d": 10_080.0}
_COLOURS = {"24h": "#4c78a8", "7d": "#d98e04"}
_Z = 1.96
_INK, _LINE = "#333333", "#cccccc"
_LEFT, _TOP, _HEIGHT, _GROUP, _BAR = 60, 50, 240, 200, 60


def failure_rates(scored: pl.DataFrame, lives: pl.DataFrame) -> pl.DataFrame:
    """Failures after scores.

    Args:
        scored: `device_id`, `as_of`, `band`; ticks of health.
        lives: Lives of devices (`ml.device_failure.lives`). Only scores of devices that were up then count, and only
            where it was seen what came within the horizon.

    Returns:
        `band`, `within`, `devices` (scores judged), `failed`, `rate`, `low`, `high` (95 % interval of Wilson, 1927).
    """
    up = (
        scored.select("device_id", "as_of", "band")
        .sort("as_of")
        .join_asof(
            lives.select("device_id", "begins_at", "ends_at", "is_late").sort("begins_at"),
            left_on="as_of",
            right_on="begins_at",
            by="device_id",
            check_sortedness=False,
        )
        .filter(pl.col("ends_at") > pl.col("as_of"))
    )
    left = (pl.col("ends_at") - pl.col("as_of")).dt.total_microseconds() / 60e6
    failed = pl.col("is_late").fill_null(value=False)
    parts = [
        up.with_columns(
            within=pl.lit(name),
            _late=pl.when(failed).then(left <= minutes).when(left > minutes).then(pl.lit(value=False)),
        ).drop_nulls("_late")
        for name, minutes in WITHIN.items()
    ]
    counted = pl.concat(parts).group_by("band", "within").agg(devices=pl.len(), failed=pl.col("_late").sum())
    n, p = pl.col("devices").cast(pl.Float64), pl.col("failed") / pl.col("devices")
    middle, spread = (p + _Z**2 / (2 * n)), _Z * (p * (1 - p) / n + _Z**2 / (4 * n**2)).sqrt()
    order = pl.col("band").replace_strict(list(BANDS), list(range(len(BANDS))), return_dtype=pl.Int8)
    return (
        counted.with_columns(
            rate=p,
            low=pl.max_horizontal((middle - spread) / (1 + _Z**2 / n), pl.lit(0.0)),
            high=(middle + spread) / (1 + _Z**2 / n),
        )
        .sort(order, "within")
        .select("band", "within", "devices", "failed", "rate", "low", "high")
    )


def rates_picture(rates: pl.DataFrame) -> bytes:
    """The shares by band as bars with their intervals, as an SVG."""
    most = max(float(rates["high"].max() or 0.0), 0.01)  # type: ignore[arg-type]
    base = _TOP + _HEIGHT
    parts = [_text(_LEFT, 26, "Devices that failed or went offline afterwards, by band of health", size=15)]
    for row in rates.iter_rows(named=True):
        place = BANDS.index(row["band"]) * _GROUP + list(WITHIN).index(row["within"]) * (_BAR + 8) + _LEFT + 20
        height, colour = _HEIGHT * row["rate"] / most, _COLOURS[row["within"]]
        low, high = (base - _HEIGHT * row[name] / most for name in ("low", "high"))
        middle = place + _BAR / 2
        parts += [
            f'<rect x="{place}" y="{base - height:.1f}" width="{_BAR}" height="{height:.1f}" fill="{colour}"/>',
            f'<path d="M{middle} {low:.1f}V{high:.1f}" stroke="{_INK}"/>',
            _text(middle, high - 6, f"{row['rate']:.1%} within {row['within']}", size=10, anchor="middle"),
            _text(middle, base + 16, f"{row['failed']:,} of {row['devices']:,}", size=10, anchor="middle"),
        ]
    for number, name in enumerate(BANDS):
        parts.append(_text(_LEFT + number * _GROUP + 20 + _BAR, base + 36, name, anchor="middle"))
    parts.append(f'<path d="M{_LEFT} {base}H{_LEFT + len(BANDS) * _GROUP}" stroke="{_LINE}"/>')
    width, height = _LEFT + len(BANDS) * _GROUP + 20, base + 50
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'fill="{_INK}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    ).encode()


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'
