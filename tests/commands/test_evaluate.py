"""What `opsguard evaluate --json` prints: the names that anybody can rely on."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.problems.sla_breach.features import FEATURES
from ml.problems.sla_breach.problem import TASK
from ml.problems.sla_breach.rule import RuleBaseline
from opsguard_assets.cli import app, run
from opsguard_assets.commands.evaluate import BASELINE, judged
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.trainings import CANDIDATE, CHAMPION
from opsguard_assets.tickets.risk.problem_io import sla_breach

PROBLEM = sla_breach(Settings())
START = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = {
    "model", "role", "n", "base_rate", "roc_auc", "pr_auc", "brier", "brier_constant", "log_loss", "ece", "thresholds",
    "budgets", "precision_at_half",
}  # fmt: skip


class Constant:
    """A model that says one number."""

    name, version = "constant", "1"

    def predict(self, features):
        return pl.Series([0.75] * len(features))


def rows(count=40):
    known = {"remaining_minutes": 100.0, "elapsed_minutes": 50.0, "has_assignee": 1.0, "open_of_assignee": None}
    return pl.DataFrame(
        [
            dict.fromkeys(FEATURES)
            | known
            | {
                "ticket_id": str(i),
                "as_of": START + timedelta(hours=i),
                "remaining_minutes": 100.0,
                "priority": "high",
                "is_event": i % 2 == 0,
                "lead_minutes": 60.0 if i % 2 == 0 else None,
            }
            for i in range(count)
        ],
        infer_schema_length=None,
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("evaluate", "sla_breach", "--from", "2016-06-02", "--to", "2016-05-01"), "--from must be before --to"),
        (("replay", "sla_breach", "--from", "2016-06-02", "--to", "2016-05-01"), "--from must be before --to"),
        (("replay", "sla_breach", "--from", "2016-05-01", "--threshold", "1.5"), "1.5 is not a valid probability"),
        (("replay", "sla_breach", "--from", "2016-05-01", "--threshold", "0"), " 0 is not a valid probability"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence_before_anything_is_read(asked, said, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "220")
    assert run(lambda: app(list(asked), standalone_mode=False)) == 2
    assert said in capsys.readouterr().err


def test_every_model_has_its_role_and_exactly_the_names_that_are_promised():
    found = judged(PROBLEM, TASK, [(CHAMPION, Constant()), (CANDIDATE, Constant()), (BASELINE, RuleBaseline())], rows())
    assert [each["role"] for each in found] == ["champion", "candidate", "baseline"]
    assert all(set(each) == NAMES for each in found)
    assert [each["n"] for each in found] == [40] * 3
    at = {"precision", "recall", "flagged_share", "median_lead_minutes", "alerts_per_day"}
    assert all(set(row) == at | {"threshold"} for each in found for row in each["thresholds"])
    assert [row["threshold"] for row in found[0]["thresholds"]] == [0.60, 0.70, 0.80, 0.85]
    assert [row["budget"] for row in found[0]["budgets"]] == [0.01, 0.05, 0.10]
    assert all(set(row) == at | {"budget"} for each in found for row in each["budgets"])


def test_the_rule_judges_the_facts_that_features_hold():
    (rule,) = judged(PROBLEM, TASK, [(BASELINE, RuleBaseline())], rows())
    assert rule["thresholds"][1]["flagged_share"] == 1.0
