"""What is to be said of an alert that may need a person, topic by topic, to the person who looks at it.

Here: features to phrases. Not here: which topics matter for a row (`ml.models.explain`).
"""

from collections.abc import Mapping

import polars as pl

from ml.features.rates import drawn_from
from ml.models.explain import Topics, phrased
from ml.problems.alert_action.features import FEATURES, PRIOR
from ml.words import counted, durations, percent, rounded, times

_MEMBERS: dict[str, tuple[str, ...]] = {
    "rule": ("rule_share", "rule_recent_share", "rule_settled"),
    "entity": ("entity_share", "entity_settled"),
    "place": ("site_share", "rule_site_share", "client_share"),
    "time": ("hour_share", "hour", "weekday", "is_working_hours"),
    "usual": ("all_share",),
    "recurrence": ("entity_day", "entity_week", "entity_gap_hours"),
    "others": ("rule_day", "rule_week"),
    "storm": ("site_half_hour", "all_half_hour"),
    "load": ("site_open", "all_open"),
    "duty": ("on_duty",),
    "severity": ("severity_rank",),
    "score": ("score",),
    "plan": ("plan_rank",),
    "impact": ("type_minutes",),
    "lives": ("is_life_safety",),
    "age": ("age_minutes",),
}
_SEVERITIES = {1.0: "of low severity", 2.0: "of medium severity", 3.0: "of high severity", 4.0: "critical"}
_PLANS = {1.0: "bronze", 2.0: "silver", 3.0: "gold"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Shares that differ by less are one: what is drawn towards another share without anything of its own has that share.
_EQUAL = 1e-9


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.problems.alert_action.features`; `always` is how long it has been known."""
    known = rows.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in FEATURES)
    age = known["age_minutes"].fill_null(0).clip(lower_bound=0)
    said = pl.DataFrame({"age": age, "words": durations(age)})
    just = pl.when(pl.col("age") < 1).then(pl.lit("just raised")).otherwise(pl.format("raised {} ago", "words"))
    return Topics(_MEMBERS, phrased(known, _phrases()), said.select(just).to_series())


def _phrases() -> Mapping[str, pl.Expr]:
    """The phrase of each feature; null where there is nothing to say."""
    return {**_shares(), **_counts(), **_of_alert(), **_times()}


def acted(name: str) -> pl.Expr:
    """How many of the known outcomes were a need for a person: of the type (`rule`), or of it and the same thing."""
    towards = "all_share" if name == "rule" else "rule_share"
    return drawn_from(pl.col(f"{name}_share"), pl.col(f"{name}_settled"), prior=PRIOR, towards=pl.col(towards))


def _shares() -> Mapping[str, pl.Expr]:
    everywhere, rule = pl.col("all_share"), pl.col("rule_share")
    own = {
        f"{name}_share": pl.when((pl.col(f"{name}_settled") >= 1) & (acted(name) >= 1)).then(
            pl.format("{} of {} of this type{} needed a person", acted(name), _alerts(name), pl.lit(about))
        )
        for name, about in (("rule", ""), ("entity", " about the same thing"))
    }
    few = {
        "rule_settled": pl.format("{} of this type known", _alerts("rule")),
        "entity_settled": pl.format("{} of this type about the same thing known", _alerts("entity")),
    }
    groups = {
        "rule_recent_share": ("alerts of this type lately", rule, "of this type usually"),
        "rule_site_share": ("alerts of this type at this site", rule, "of this type anywhere"),
        "site_share": ("alerts of this site", everywhere, "of all"),
        "client_share": ("alerts of this client", everywhere, "of all"),
        "hour_share": ("alerts at this time of day", everywhere, "of all"),
    }
    above = {
        name: pl.when(pl.col(name) > usual + _EQUAL).then(
            pl.format("{} need a person in {} of cases, {} in {}", pl.lit(of), percent(pl.col(name)), pl.lit(whose),
                      percent(usual))
        )
        for name, (of, usual, whose) in groups.items()
    }  # fmt: skip
    return own | few | above | {"all_share": pl.format("{} of all alerts need a person", percent(everywhere))}


def _alerts(name: str) -> pl.Expr:
    number = pl.col(f"{name}_settled")
    return pl.when(number < 1).then(pl.lit("no alert")).otherwise(counted(number, "alert"))


def _counts() -> Mapping[str, pl.Expr]:
    said = {
        "rule_day": "of this type in the last day",
        "rule_week": "of this type in the last week",
        "site_half_hour": "of this site in the last half hour",
        "all_half_hour": "anywhere in the last half hour",
        "site_open": "of this site unresolved",
        "all_open": "anywhere unresolved",
    }
    others = {
        name: pl.when(pl.col(name) >= 1).then(pl.format("{} {}", counted(pl.col(name), "other alert"), pl.lit(where)))
        for name, where in said.items()
    }
    again = {
        f"entity_{span}": pl.when(pl.col(f"entity_{span}") >= 1).then(
            pl.format("raised {} before in the last {}", times(pl.col(f"entity_{span}")), pl.lit(span))
        )
        for span in ("day", "week")
    }
    gap = pl.when(pl.col("entity_gap_hours") >= 0).then(
        pl.format("the same was raised {} h before", rounded(pl.col("entity_gap_hours"), 1))
    )
    return others | again | {"entity_gap_hours": gap}


def _of_alert() -> Mapping[str, pl.Expr]:
    people = counted(pl.col("on_duty"), "person", "people")
    return {
        "on_duty": pl.when(pl.col("on_duty") < 1)
        .then(pl.lit("nobody is on duty"))
        .otherwise(pl.format("{} on duty", people)),
        "severity_rank": pl.col("severity_rank").replace_strict(_SEVERITIES, default=None, return_dtype=pl.String),
        "score": pl.format("its monitor puts it at {}", percent(pl.col("score"))),
        "plan_rank": pl.format(
            "the client's plan is {}",
            pl.col("plan_rank").replace_strict(_PLANS, default=None, return_dtype=pl.String),
        ),
        "type_minutes": pl.format(
            "alerts of this type take {} min on average", rounded(pl.col("type_minutes"), 0).cast(pl.Int64)
        ),
        "is_life_safety": pl.when(pl.col("is_life_safety") == 1).then(pl.lit("it protects lives")),
    }


def _times() -> Mapping[str, pl.Expr]:
    hour = pl.col("hour").cast(pl.Int64)
    named = {float(number): f"raised on a {day}" for number, day in enumerate(_DAYS, start=1)}
    working = {1.0: "raised in working hours", 0.0: "raised outside working hours"}
    return {
        "hour": pl.format("raised between {}:00 and {}:59", hour, hour),
        "weekday": pl.col("weekday").replace_strict(named, default=None, return_dtype=pl.String),
        "is_working_hours": pl.col("is_working_hours").replace_strict(working, default=None, return_dtype=pl.String),
    }
