"""Who a command names as the one who acts."""

import getpass

import pytest
import typer

from opsguard_assets.commands.actor import actor_of


@pytest.mark.parametrize(("by", "actor"), [("ada", "ada"), ("  ada ", "ada")])
def test_a_name_that_is_given_counts(by, actor):
    assert actor_of(by) == actor


@pytest.mark.parametrize("by", [None, "", "  "])
def test_without_a_name_it_is_the_current_user(by):
    assert actor_of(by) == getpass.getuser()


def test_a_user_without_a_name_is_asked_for_one(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    with pytest.raises(typer.BadParameter, match="--by NAME"):
        actor_of(None)
