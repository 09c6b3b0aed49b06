"""Small samples shrunk towards their peers: empirical Bayes, with intervals.

Here: sums in, estimates out. Not here: what is estimated (`jobs`) and how parts make a score (`score`).

Model: the jobs of vendor i have a mean that is drawn, like those of its peers, from a distribution with mean m and
variance t2, and scatter around it with variance s2. Then the mean of n jobs is worth n against k = s2 / t2:

    estimate = (k m + sum of the jobs) / (k + n)

For shares (on time or not) this is the mean of the beta-binomial posterior Beta(k m + successes, k (1 - m) + failures);
for means (ratings) that of the normal-normal posterior with variance s2 / (k + n). Both variances are found by the
method of moments of a one-way analysis of variance with unequal numbers (Searle, Casella and McCulloch, Variance
Components, 1992, chapter 3). A vendor is not compared with itself: its peers are the *other* vendors. So a good job can
never lower an estimate.

A part that only peers have jobs of is estimated at their mean, so that the first good job there lowers nothing. A part
that no peer has jobs of starts from the vendor's own whole: the weighted mean R of its parts solves, over the parts P,

    R = sum of w(P) estimate(P, R) / sum of w(P)    with    estimate(P, R) = (2 R + sum of its jobs) / (2 + n)

for the parts without peers. Every right-hand side rises with a good job, so R does. Where no part has peers, the middle
(0.5) stands among the parts with the weight 2 min w(P) 2 / (2 + n), which fades as the best known part gets jobs: never
faster than a good job adds, so that R rises there, too.
"""

import polars as pl

# Peers of the same trade count if they are so many; else those of all trades; else nothing is known beforehand.
FEWEST_PEERS = 3
# What peers say is worth between 1 and 10 jobs of one's own. Peers that are quite alike would say that nobody differs
# from them: one that does with forty jobs shall be seen (docs/vendors.md has the figures). Three peers often seem alike
# by luck, so no peer counts for more than three jobs.
WEAKEST, STRONGEST, STRONGEST_PER_PEER = 1.0, 10.0, 3.0
# Nothing known beforehand: the middle, worth two jobs as the uniform distribution is, and the variance of that.
_NO_MEAN, _NO_STRENGTH, _UNIFORM_VARIANCE = 0.5, 2.0, 1 / 12
_LEAST_VARIANCE = 1e-4
# Estimates are given with the interval that holds them with this probability.
INTERVAL = 0.90
# Of the standard normal distribution, for such an interval: `scipy.stats.norm.ppf(0.5 + INTERVAL / 2)`.
NORMAL_QUANTILE = 1.6448536269514722
_VENDOR = ["period", "vendor_id"]
_SUMS = ("_vendors", "_jobs", "_total", "_squares", "_jobs_squared", "_between")


def shrunk(sums: pl.DataFrame, *, shares: tuple[str, ...], weights: dict[str, float]) -> pl.DataFrame:
    """Estimates for every row.

    Args:
        sums: `period`, `vendor_id`, `trade` (null is a trade of its own), `part`, and of a vendor's jobs in it: `n`,
            `total` and `squares` of their values on 0 to 1. Every vendor has every part, with `n` = 0 where no job
            tells.
        shares: The parts whose values are 0 or 1.
        weights: What each part counts for.

    Returns:
        The same rows in order with `estimate`, `variance`, `low`, `high` (all of the mean, on 0 to 1),
        `peers_mean`, `peers_worth` (in jobs) and `peers` ("trade", "all" or "none"). Left out are parts that neither
        the vendor nor its peers tell, and vendors of whom nothing is told.
    """
    has_jobs = pl.col("n") > 0
    numbered = sums.with_columns(
        _vendors=has_jobs.cast(pl.Float64),
        _jobs=pl.col("n").cast(pl.Float64),
        _total=pl.col("total"),
        _squares=pl.col("squares"),
        _jobs_squared=pl.col("n").cast(pl.Float64) ** 2,
        _between=pl.when(has_jobs).then(pl.col("total") ** 2 / pl.col("n")).otherwise(0.0),
        _weight=pl.col("part").replace_strict(weights, return_dtype=pl.Float64),
    )
    chosen = _with_priors(numbered)
    rows = chosen.filter((has_jobs | _by_peers()) & has_jobs.any().over(_VENDOR))
    all_jobs = pl.col("peers_worth") + pl.col("n")
    mean = ((pl.col("peers_worth") * pl.col("peers_mean") + pl.col("total")) / all_jobs).clip(0, 1)
    is_share = pl.col("part").is_in(list(shares))
    of_share, of_mean = mean * (1 - mean) / (all_jobs + 1), pl.col("_scatter") / all_jobs
    estimated = rows.with_columns(
        estimate=mean, variance=pl.when(is_share).then(of_share).otherwise(of_mean), _is_share=is_share
    )
    return _with_interval(estimated).select(
        *sums.columns, "estimate", "variance", "low", "high", "peers_mean", "peers_worth", "peers"
    )


def _with_priors(numbered: pl.DataFrame) -> pl.DataFrame:
    """Adds `peers`, `peers_mean`, `peers_worth`, `_scatter`: by the trade, else by all, else by the vendor itself."""
    peers = numbered.with_columns(_prior(["period", "part", "trade"], "trade"), _prior(["period", "part"], "all"))
    in_trade, anywhere = (pl.col(name).struct.field("mean").is_not_null() for name in ("trade_prior", "all_prior"))
    nothing = pl.struct(
        mean=pl.lit(None, pl.Float64),
        worth=pl.lit(_NO_STRENGTH),
        variance=pl.lit(_UNIFORM_VARIANCE),
        peers=pl.lit("none"),
    )
    chosen = pl.when(in_trade).then("trade_prior").when(anywhere).then("all_prior").otherwise(nothing)
    named = peers.with_columns(_chosen=chosen).with_columns(
        peers_mean=pl.col("_chosen").struct.field("mean"),
        peers_worth=pl.col("_chosen").struct.field("worth"),
        _scatter=pl.col("_chosen").struct.field("variance"),
        peers=pl.col("_chosen").struct.field("peers"),
    )
    return named.with_columns(peers_mean=pl.coalesce("peers_mean", _own_mean()))


def _by_peers() -> pl.Expr:
    return pl.col("peers") != "none"


def _own_mean() -> pl.Expr:
    """What a part starts from that no peer tells: the whole of the vendor, see above."""
    weight, worth, jobs = pl.col("_weight"), pl.col("peers_worth"), pl.col("n")
    by_peers = (worth * pl.col("peers_mean") + pl.col("total")) / (worth + jobs)
    points = pl.when(_by_peers()).then(by_peers).otherwise(pl.col("total") / (worth + jobs))
    counting = pl.when(_by_peers()).then(1.0).otherwise(jobs / (worth + jobs))
    unknown = 2 * (weight * worth / (worth + jobs)).min().over(_VENDOR)
    middle = pl.when(_by_peers().any().over(_VENDOR)).then(0.0).otherwise(unknown)
    points_of_all = _NO_MEAN * middle + (weight * points).sum().over(_VENDOR)
    whole = points_of_all / (middle + (weight * counting).sum().over(_VENDOR))
    known = (weight * (jobs > 0)).sum().over(_VENDOR)
    estimate = (worth * whole + pl.col("total")) / (worth + jobs)
    with_middle = (known * estimate + _NO_MEAN * middle) / (known + middle)
    return (with_middle * (worth + jobs) - pl.col("total")) / worth


def _prior(group: list[str], name: str) -> pl.Expr:
    """What the others of a group say: mean, worth in jobs, variance of one job; null where they are too few."""
    vendors, jobs, total, squares, jobs_squared, between = (
        pl.col(column).sum().over(group) - pl.col(column) for column in _SUMS
    )
    scatter = pl.max_horizontal((squares - between) / (jobs - vendors), pl.lit(_LEAST_VARIANCE))
    everybody = {column: pl.col(column).sum().over(group) for column in _SUMS}
    within = (everybody["_squares"] - everybody["_between"]) / (everybody["_jobs"] - everybody["_vendors"])
    among = (between - total**2 / jobs) / (vendors - 1)
    effective = (jobs - jobs_squared / jobs) / (vendors - 1)
    spread = (among - scatter) / effective
    strongest = pl.min_horizontal(pl.lit(STRONGEST), STRONGEST_PER_PEER * vendors)
    worth = (
        pl.when(spread > 0).then(pl.min_horizontal((scatter / spread).clip(WEAKEST), strongest)).otherwise(strongest)
    )
    is_enough = (vendors >= FEWEST_PEERS) & (jobs > vendors)
    # Half a success and half a failure more: peers without a failure do not say that there can be none.
    mean = ((total + 0.5) / (jobs + 1)).clip(0, 1)
    return pl.struct(
        mean=pl.when(is_enough).then(mean),
        worth=worth,
        # An interval is as wide as jobs scatter, the vendor's own among them.
        variance=pl.max_horizontal(within, pl.lit(_LEAST_VARIANCE)),
        peers=pl.lit(name),
    ).alias(f"{name}_prior")


def _with_interval(rows: pl.DataFrame) -> pl.DataFrame:
    from scipy import stats  # noqa: PLC0415 - every run imports this module, and few score vendors

    successes = (pl.col("peers_worth") * pl.col("peers_mean") + pl.col("total")).alias("a")
    failures = (pl.col("peers_worth") * (1 - pl.col("peers_mean")) + pl.col("n") - pl.col("total")).alias("b")
    a, b = rows.select(successes, failures).get_columns()
    tail = (1 - INTERVAL) / 2
    beta = pl.DataFrame(
        {
            name: stats.beta.ppf(quantile, a.clip(1e-9).to_numpy(), b.clip(1e-9).to_numpy())
            for name, quantile in (("_low", tail), ("_high", 1 - tail))
        },
        schema={"_low": pl.Float64, "_high": pl.Float64},
    )
    half = NORMAL_QUANTILE * pl.col("variance").sqrt()
    around = rows.with_columns(beta.get_columns())
    return around.with_columns(
        low=pl.when("_is_share").then("_low").otherwise((pl.col("estimate") - half).clip(0, 1)),
        high=pl.when("_is_share").then("_high").otherwise((pl.col("estimate") + half).clip(0, 1)),
    )
