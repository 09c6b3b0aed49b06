"""`python -m benchmarks.quality`: how good models of SLA breaches are on records that nobody here wrote.

Here: one protocol on the public incident log, written to benchmarks/quality.md. Not here: speed (`__main__`).
"""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OPSGUARD = Path(sys.executable).parent / "opsguard"
CONFIG = Path(__file__).parent.parent / "examples/incident_log/opsguard.yaml"
SINCE = "2016-05-01"
# Untuned LightGBM with trailing rates on the same split: what was reached before, moment to (ROC-AUC, PR-AUC, Brier).
REFERENCE = {"opening": (0.807, 0.553, 0.141), "+24h": (0.686, 0.772, 0.233), "+72h": (0.721, 0.921, 0.184)}
_HEAD = f"""# How good the models are

Written by `python -m benchmarks.quality`. The public incident log (24,918 tickets of 2016), through the public mapping
alone: learned from what was known on {SINCE}, judged on tickets that became known from then on and were still open at
the moment. The reference is an untuned LightGBM with trailing rates on the same split; its moments of opening include
tickets that were resolved at once, so it was judged on other rows there.

| moment | model | n | base rate | PR-AUC | ROC-AUC | Brier | of the base rate | log loss | calibration error |
|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Loads, learns, judges, writes the page."""
    with tempfile.TemporaryDirectory() as home:
        _run(home, "sync")
        _run(home, "train", "sla_breach", "--until", SINCE)
        rows = [row for moment in REFERENCE for row in _judged(home, moment)]
    text = _HEAD + "\n".join(rows) + f"\n\n{datetime.now(UTC).date()}\n"
    (Path(__file__).parent / "quality.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _judged(home: str, moment: str) -> list[str]:
    found = json.loads(_run(home, "evaluate", "sla_breach", "--from", SINCE, "--moments", moment, "--json"))
    roc, pr, brier = REFERENCE[moment]
    best_first = sorted(found, key=lambda figures: -figures["pr_auc"])
    return [
        *(_row(moment, f) for f in best_first),
        f"| {moment} | reference | | | {pr:.3f} | {roc:.3f} | {brier:.3f} | | | |",
    ]


def _row(moment: str, figures: dict[str, Any]) -> str:
    names = ("base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")
    cells = " | ".join(f"{figures[name]:.3f}" for name in names)
    return f"| {moment} | {figures['model']} | {figures['n']:,} | {cells} |"


def _run(home: str, *words: str) -> str:
    command = [str(OPSGUARD), *words, "--config", str(CONFIG)]
    done = subprocess.run(
        command, env={**os.environ, "OPSGUARD_HOME": home}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
