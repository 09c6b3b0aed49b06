"""Progress of long work where there is no terminal: lines that go on while a step lasts."""

import time

from opsguard_assets.commands import progress


def test_a_step_that_lasts_is_told_again_and_again_with_its_number(capsys, monkeypatch):
    lines = progress.Lines
    monkeypatch.setattr(progress, "Lines", lambda shown: lines(shown, every_seconds=0.05))
    with progress.steps("sla_breach") as tell:
        tell("reading the history", 1, 3)
        time.sleep(0.3)
        tell("fitting lightgbm", 2, 3)
        time.sleep(0.2)
    said = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("sla_breach: reading the history, steps done: 0 of 3") for line in said) >= 2
    assert any(line.startswith("sla_breach: fitting lightgbm, steps done: 1 of 3") for line in said)
    time.sleep(0.1)
    assert capsys.readouterr().err == ""
