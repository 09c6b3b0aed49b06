"""Every command reads the same timestamps and durations in the same way, and says how to write them."""

import json

import pytest

BERLIN = "Europe/Berlin"
# The option that takes a timestamp comes last; the command refuses moments of the future and says which one it read.
COMMANDS = {
    "tick": ("tick", "sla", "--as-of"),
    "demo": ("demo", "--as-of"),
    "train": ("train", "sla_breach", "--until"),
    "evaluate from": ("evaluate", "sla_breach", "--from"),
    "evaluate to": ("evaluate", "sla_breach", "--from", "2026-01-01", "--to"),
    "replay from": ("replay", "sla_breach", "--from"),
    "replay to": ("replay", "sla_breach", "--from", "2026-01-01", "--to"),
    "replay at": ("replay", "sla_breach", "--at"),
    "evidence": ("shifts", "evidence", "S1@2026-01-01", "--as-of"),
    "vendors": ("vendors", "list", "--as-of"),
    "pages": ("vendors", "report", "--as-of"),
}
WRITTEN = {
    "2099-01-31": "2099-01-30 23:00",
    "2099-01-31T12:00": "2099-01-31 11:00",
    "2099-07-31 12:00": "2099-07-31 10:00",
    "2099-01-31T12:00Z": "2099-01-31 12:00",
    "2099-01-31T12:00:00+05:30": "2099-01-31 06:30",
}
NOT_VALID = {
    "soon": "not a valid timestamp",
    "": "not a valid timestamp",
    "2026-13-01": "not a valid timestamp",
    "2026-03-29T02:30": "never",
    "2026-10-25T02:30": "twice",
    "0001-01-01T00:00+05:00": "outside the years",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_timestamp_without_an_offset_is_read_by_the_clocks_of_operations(command_named, command):
    name, *arguments = command
    run = command_named(name, timezone=BERLIN)
    for text, instant in WRITTEN.items():
        code, _, said = run(*arguments, text)
        assert code == 2
        assert f"{arguments[-1]}: {instant} UTC is in the future" in said


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_not_a_valid_timestamp_is_refused_with_the_option_the_reason_and_an_example(command_named, command):
    name, *arguments = command
    run = command_named(name, timezone=BERLIN)
    for text, reason in NOT_VALID.items():
        code, _, said = run(*arguments, text)
        assert code == 2
        assert f"{arguments[-1]}: " in said
        assert reason in said
        assert said.count("write it") == 1


def test_a_mute_reads_the_same_texts_and_may_lie_ahead(command_named):
    run = command_named("alerts", timezone=BERLIN)
    for text, instant in WRITTEN.items():
        code, said, _ = run(
            "mute", "--type", "late_arrival", "--reason", "x", "--from", text, "--for", "1.5h", "--json"
        )
        assert code == 0
        assert json.loads(said)["begins_at"].startswith(instant.replace(" ", "T"))
    for text, reason in NOT_VALID.items():
        code, _, said = run("mute", "--type", "late_arrival", "--reason", "x", "--until", text)
        assert (code, reason in said, "--until: " in said) == (2, True, True)


def test_the_simulated_world_keeps_utc(command_named, tmp_path):
    run = command_named("simulate", timezone=BERLIN)
    small = ("--sites", "1", "--tickets-per-day", "2", "--json", "--from", "2026-01-01", "--out", str(tmp_path / "out"))
    written = {
        "2026-01-02": "2026-01-02T00:00",
        "2026-01-02T12:00+05:30": "2026-01-02T06:30",
    }
    for text, instant in written.items():
        code, said, _ = run(*small, "--until", text)
        assert code == 0
        assert json.loads(said)["until"].startswith(instant)


@pytest.mark.parametrize(
    "command",
    [
        ("train", "sla_breach", "--budget"),
        ("replay", "sla_breach", "--from", "2026-01-01", "--to", "2026-01-02", "--every"),
        ("alerts", "mute", "--type", "late_arrival", "--reason", "x", "--for"),
    ],
    ids=lambda command: command[0],
)
def test_a_duration_that_is_none_is_refused_with_an_example(command_named, command):
    name, *arguments = command
    run = command_named(name, timezone="UTC")
    for text in ("", "0h", "5", "-1h", "5 m", "1w", "soon"):
        code, _, said = run(*arguments, text)
        assert code == 2
        assert f"{arguments[-1]}: " in said
        assert "not a valid duration; write it like 90s, 30m, 8h or 2d" in said
