"""What commands print of received texts cannot steer the terminal."""

import os

from opsguard_assets.commands.session import print_rows
from opsguard_assets.views.texts import visible


def test_control_characters_of_received_texts_are_shown_and_not_obeyed(capsys):
    print_rows("Riskiest", [{"ticket_id": "T1\x1b]0;owned\x07\x9b2J", "risk": 0.9}])
    printed = capsys.readouterr().out
    assert not set(printed) & {"\x1b", "\x07", "\x9b"}
    assert "T1" in printed
    assert "]0;owned" in printed


def test_texts_of_any_language_and_their_line_ends_stay_as_they_are():
    assert visible("Größe, 電灯\n\tnext") == "Größe, 電灯\n\tnext"


def test_a_command_leaves_no_store_of_its_own_to_the_next_one_of_the_process(command_named):
    call = command_named("alerts", timezone="UTC")
    named = dict(os.environ)
    assert call("list")[0] == 0
    assert dict(os.environ) == named
