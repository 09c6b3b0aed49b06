"""`python -m benchmarks.quality_networks`: alerts of intrusion detectors at unseen networks; its part of quality.md.

Here: one protocol on eight networks that were attacked on purpose, for transfer and storms. Not here: learning,
grouping. The data are not part of the project; what a rule is called says nearly everything there, because the same
attacks ran at every site.
"""

import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import polars as pl

from benchmarks.page import put
from benchmarks.quality_alerts import first_come, learned, openings
from ml.evaluation.evaluate import evaluate
from ml.features.rates import drawn
from ml.problems.alert_action.features import PRIOR, Streams, streams
from ml.problems.alert_action.problem import KEY, TASK
from ml.problems.alert_action.rule import AlertRule
from opsguard_assets.alerts.kinds import normalised
from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.grouping import ALERT, INCIDENT, GroupRules, group
from opsguard_assets.incidents.rules_io import described_types
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.outcomes import outcomes_of
from opsguard_assets.triage.learning.problem_io import dataset_at
from resources.lake import Lake

ALERTS = Path("../shared/datasets/alerts/ait_ads_alerts_csv.zip")
LEARNED_ON = ("fox", "harrison", "russellmitchell", "santos", "shaw", "wheeler")
JUDGED_ON = ("wardbeck", "wilson")
SPAN, WEEK = timedelta(minutes=5), timedelta(weeks=1)
# An alert is over when its rule has been quiet at its host for so long.
QUIET = timedelta(minutes=30)
# So many of the groups does somebody look at.
LOOKED_AT = 0.05
# Shares and counts of outcomes by rule: with them a model knows which rule it is.
IDENTITY = frozenset((
    "rule_share", "rule_recent_share", "rule_settled", "entity_share", "entity_settled", "rule_site_share",
    "type_minutes",
))  # fmt: skip
# Words of rules that say how bad it is, the worst first: the detectors give no severity.
_WORDS = ("attack|exploit|malware|trojan|webshell", "attempt|scan|brute|multiple|suspicious", "error|denied|failed")
_MONDAY = datetime(2022, 1, 3, tzinfo=UTC)
_HEAD = """## Alerts of intrusion detectors at networks never seen

Written by `python -m benchmarks.quality_networks`.

{raw:,} alerts of Wazuh, Suricata and AMiner at eight networks in which attacks were run (AIT Alert Data Set).
Grouped by rule, host and 5 minutes they are {groups:,}; one is real where both labels of the file say so: {base:.2%}
({least:.2%} to {most:.2%} by network). One of the labels alone calls 46,477 harmless alerts of one network an attack.
Learned on six
networks, judged on wardbeck and wilson, of whose outcomes nothing is ever known: {judged:,} groups, {judged_base:.2%}
real. The networks follow each other by whole weeks, so that what is learned of one is known at the next. The same
attacks ran at every site: **what a rule is called is nearly the answer**, so the first of our models does without what
it could know a rule by. The last column has precision and recall of the first {looked_at:.0%}.

| order | n | base rate | PR-AUC | ROC-AUC | Brier | of the base rate | calibration error | first {looked_at:.0%} |
|---|---|---|---|---|---|---|---|---|
"""
_STORM_HEAD = """
**Storms.** The same alerts through our grouping, every five minutes. An alert here is a rule at a host; it is over when
the rule was quiet there for 30 minutes. Each network is a site. A reader who acknowledges nothing gets one first message
per incident; all later alerts change its text. By default an incident is a rule at a site, because a foreign system
says no cause; with `group_by: [client, site, team]` it is a site.

| network | alerts of the detectors | in the worst minute | alerts | incidents, first messages | as share | incidents by site and team | in its worst hour: alerts of the detectors, first messages, by site and team |
|---|---|---|---|---|---|---|---|
"""  # noqa: E501 - a table


@dataclass(frozen=True)
class _Unseen(AlertDataset):
    """The dataset of a moment at which no outcome of the networks that are judged is known."""

    @cached_property
    def streams(self) -> Streams:
        """The streams of features, without the outcomes of networks that are judged."""
        known = outcomes_of(self.known.versions, self.matures).filter(
            pl.col("at") <= pl.lit(self.until, INSTANT), ~pl.col("site_id").is_in(JUDGED_ON)
        )
        hours = self.episodes.select(KEY, "hour")
        return streams(self.episodes, known.join(hours, on=KEY, how="left"), self.known.duty)


def main() -> None:
    """Reads the networks, learns, judges, groups, writes the part of the page."""
    if not ALERTS.exists():
        raise SystemExit(f"{ALERTS} is not here; the alerts are not part of the project")
    raw = pl.concat(networks())
    with tempfile.TemporaryDirectory() as folder:
        text = _judged(Lake(folder), raw)
    put("networks", f"{text}{_storms(raw)}\n{datetime.now(UTC).date()}\n")


def networks() -> Iterable[pl.DataFrame]:
    """The alerts of each network: `site_id`, `at`, `kind`, `host`, `is_real`, by `at`; one week per network."""
    with zipfile.ZipFile(ALERTS) as archive:
        for number, name in enumerate([*LEARNED_ON, *JUDGED_ON]):
            yield placed(pl.read_csv(archive.read(f"alerts_csv/{name}_alerts.txt")), name, number)


def placed(raw: pl.DataFrame, network: str, number: int) -> pl.DataFrame:
    """The rows of a file, moved by whole weeks to the week of that number; see `networks`."""
    at = pl.from_epoch("time", "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    real = (pl.col("time_label") != "false_positive") & (pl.col("event_label") != "-")
    rows = raw.select(site_id=pl.lit(network), at=at, kind="name", host="host", is_real=real).sort("at")
    weeks = (rows["at"][0] - _MONDAY) // WEEK
    return rows.with_columns(pl.col("at") + (number - weeks) * WEEK)


def grouped(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `networks` by rule, host and five minutes: `alert_id`, `at` (of the first), `is_real` (of any)."""
    by = ["site_id", "host", "kind", pl.col("at").dt.truncate(SPAN).alias("span")]
    rows = raw.group_by(by, maintain_order=True).agg(pl.col("at").min(), pl.col("is_real").any()).sort("at", *by[:3])
    return rows.with_row_index("number").with_columns(alert_id=pl.format("g{}", "number")).drop("number", "span")


def versions(groups: pl.DataFrame) -> pl.DataFrame:
    """Rows of `grouped` as versions of `external_alerts`: raised; five minutes later over, and told real or not."""
    word = pl.when("is_real").then(pl.lit("actioned")).otherwise(pl.lit("false_alarm"))
    raised = groups.select(
        "alert_id", "site_id", "at", "kind", entity_type=pl.lit("host"), entity_id="host",
        severity=severity(pl.col("kind")), known_at="at",
    )  # fmt: skip
    over = raised.with_columns(known_at=pl.col("at") + SPAN, resolved_at=pl.col("at") + SPAN)
    told = over.with_columns(groups.select(resolution=word).to_series())
    table = TABLES["external_alerts"]
    both = pl.concat([table.empty(), raised, told], how="diagonal_relaxed")
    return both.select(pl.col(name).cast(dtype) for name, dtype in table.dtypes.items())


def severity(kind: pl.Expr) -> pl.Expr:
    """A severity by the words of a rule."""
    text = kind.str.to_lowercase()
    worst = [text.str.contains(words) for words in _WORDS]
    return (
        pl.when(worst[0]).then(pl.lit("critical")).when(worst[1]).then(pl.lit("high"))
        .when(worst[2]).then(pl.lit("medium")).otherwise(pl.lit("low"))
    )  # fmt: skip


def _judged(lake: Lake, raw: pl.DataFrame) -> str:
    groups = grouped(raw)
    end, split = _MONDAY + 9 * WEEK, _MONDAY + len(LEARNED_ON) * WEEK
    lake.record(TABLES["external_alerts"], versions(groups), loaded_at=end)
    then, now = (dataset_at(lake, at, Settings()) for at in (split, end))
    unseen = _Unseen(now.until, now.known, now.matures, now.life_safety, now.task)
    truth = groups.select("is_real", episode_id=pl.format("external/{}", "alert_id"))
    rows = openings(unseen, split).join(truth, on=KEY, maintain_order="left")
    if (rows["is_event"] != rows["is_real"]).any():
        raise AssertionError("an outcome is not the label of the file")
    blind = replace(TASK, features=tuple(name for name in TASK.features if name not in IDENTITY))
    orders = {
        "arrival": first_come(rows),
        "severity by the words of the rule": rows["severity_rank"] / 10 + first_come(rows) / 1_000,
        "the rule of the cold start": AlertRule().predict(rows),
        "rarity of the rule at the site": rows.select(1 / (1 + pl.col("rule_week"))).to_series(),
        "share per rule at other sites": _shares(groups, rows),
        **{f"{name}, without rules": risk for name, risk in learned(then, split, rows, blind).items()},
        **{f"{name}, all features": risk for name, risk in learned(then, split, rows).items()},
    }
    by_site = groups.group_by("site_id").agg(pl.col("is_real").mean())["is_real"]
    head = _HEAD.format(
        raw=len(raw), groups=len(groups), base=groups["is_real"].mean(), least=by_site.min(), most=by_site.max(),
        judged=len(rows), judged_base=rows["is_event"].mean(), looked_at=LOOKED_AT,
    )  # fmt: skip
    return head + "\n".join(_line(name, rows, risk) for name, risk in orders.items()) + "\n"


def _shares(groups: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """The share of real ones by rule at the six networks, shrunk to that of all."""
    known = groups.filter(pl.col("site_id").is_in(LEARNED_ON)).with_columns(alert_type=normalised(pl.col("kind")))
    rate = pl.lit(known["is_real"].mean())
    by_rule = known.group_by("alert_type").agg(real=pl.col("is_real").sum(), number=pl.len())
    joined = rows.select("alert_type").join(by_rule, on="alert_type", how="left", maintain_order="left")
    return joined.select(drawn(pl.col("real"), pl.col("number"), prior=PRIOR, towards=rate)).to_series()


def _line(name: str, rows: pl.DataFrame, risk: pl.Series) -> str:
    scored = rows.with_columns(risk.clip(0, 1).alias("risk"))
    found = evaluate(scored, key=TASK.key)
    # Ties are looked at as they come.
    top = scored.sort("risk", "begins_at", descending=[True, False]).head(round(len(rows) * LOOKED_AT))
    hits, every = int(top["is_event"].sum()), int(rows["is_event"].sum())
    figures = " | ".join(f"{found[each]:.4f}" for each in ("base_rate", "pr_auc", "roc_auc"))
    proper = " | ".join(f"{found[each]:.4f}" for each in ("brier", "brier_constant", "ece"))
    if name in ("arrival", "severity by the words of the rule", "rarity of the rule at the site"):
        proper = " | | "
    return f"| {name} | {len(rows):,} | {figures} | {proper} | {hits / len(top):.3f}, {hits / every:.3f} |"


def _storms(raw: pl.DataFrame) -> str:
    lines = [_storm_line(name, raw.filter(site_id=name)) for name in (*LEARNED_ON, *JUDGED_ON)]
    return _STORM_HEAD + "\n".join(lines) + "\n"


def _storm_line(name: str, rows: pl.DataFrame) -> str:
    alerts = lives(rows)
    opened = {by: incidents_of(alerts, by) for by in (("client", "site", "cause"), ("client", "site", "team"))}
    minute = rows.group_by(pl.col("at").dt.truncate("1m")).len()["len"].max()
    hour, count = rows.group_by(pl.col("at").dt.truncate("1h")).len().sort("len", "at").row(-1)
    worst = [sum(hour <= at < hour + timedelta(hours=1) for at in found) for found in opened.values()]
    by_cause, by_team = (len(found) for found in opened.values())
    return (
        f"| {name} | {len(rows):,} | {minute:,} | {len(alerts):,} | {by_cause:,} | 1 of {len(rows) // by_cause:,} | "
        f"{by_team:,} | {count:,}, {worst[0]}, {worst[1]} |"
    )


def lives(rows: pl.DataFrame) -> pl.DataFrame:
    """Alerts of one network: rules at hosts, from the first to `QUIET` after the last: `begins_at`, `ends_at`, ..."""
    same = ["kind", "host"]
    is_first = (pl.col("at").diff().over(same) > QUIET).fill_null(value=True)
    numbered = rows.sort("at").with_columns(life=is_first.cast(pl.Int64).cum_sum().over(same))
    found = numbered.group_by("site_id", *same, "life", maintain_order=True).agg(
        begins_at=pl.col("at").min(), ends_at=pl.col("at").max() + QUIET
    )
    typed = found.with_columns(alert_type=normalised(pl.col("kind")), severity=severity(pl.col("kind")))
    kinds = described_types(typed["alert_type"].unique().to_list(), {})
    return typed.join(kinds, on="alert_type", how="left", maintain_order="left").with_row_index("alert_id")


def incidents_of(alerts: pl.DataFrame, group_by: tuple[str, ...]) -> list[datetime]:
    """When incidents were opened, by our grouping run every five minutes.

    Args:
        alerts: Rows of `lives`.
        group_by: As in `routing.group_by`.
    """
    shaped = _alerts(alerts)
    rules = GroupRules(group_by=group_by)
    members = pl.DataFrame(schema={"alert_id": pl.Int64, "incident_id": pl.Int64})
    known = pl.DataFrame(schema=INCIDENT)
    opened: list[datetime] = []
    at, end = alerts["begins_at"].min(), alerts["ends_at"].max()
    assert isinstance(at, datetime) and isinstance(end, datetime)  # noqa: S101,PT018 - for the type checker
    while at <= end:
        at += SPAN
        now = shaped.filter(pl.col("begins_at") < pl.lit(at, INSTANT), pl.col("ends_at") >= pl.lit(at, INSTANT))
        inside = now.join(members, on="alert_id", how="left", maintain_order="left").select(ALERT.names())
        found = group(inside, known, rules)
        fresh = found.opens.with_columns(incident_id=pl.int_range(pl.len(), dtype=pl.Int64) + len(opened))
        opened += [at] * len(fresh)
        joins = found.joins.join(fresh.select("group_key", _new="incident_id"), on="group_key", how="left")
        moved = joins.select("alert_id", incident_id=pl.coalesce("incident_id", "_new"))
        members = pl.concat([members.join(moved, on="alert_id", how="anti"), moved])
        over = found.changes.filter(pl.col("state") == "resolved").select("incident_id")
        kept = known.update(
            found.changes.select("incident_id", "severity", "priority", "title", "unresolved"), on="incident_id"
        )
        new = fresh.with_columns(acknowledged_priority=pl.lit(None, pl.Int64)).select(INCIDENT.names())
        known = pl.concat([kept.join(over, on="incident_id", how="anti"), new.cast(dict(INCIDENT))])
    return opened


def _alerts(alerts: pl.DataFrame) -> pl.DataFrame:
    values: Mapping[str, pl.Expr] = {
        "dedup_key": pl.format("{}:{}", "alert_type", "host"), "entity_type": pl.lit("host"),
        "entity_id": pl.col("host"), "client_id": pl.col("site_id"), "state": pl.lit("open"),
        "title": pl.col("kind"), "is_in_plan": pl.lit(value=True), "is_life_safety": pl.lit(value=False),
    }  # fmt: skip
    columns = [name for name in ALERT.names() if name != "incident_id"]
    found = [
        values.get(name, pl.col(name) if name in alerts.columns else pl.lit(None)).cast(ALERT[name]).alias(name)
        for name in columns
    ]
    return alerts.select(*found, "begins_at", "ends_at")


if __name__ == "__main__":
    if not Path("benchmarks").is_dir():
        raise SystemExit("run it from the folder of the project")
    main()
