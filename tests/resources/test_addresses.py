"""Addresses with a password that is not encoded: refused, and no part of them is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import make_url

from resources.addresses import AddressError, check_address, shown
from resources.database import Database, DatabaseError
from resources.environment import EnvironmentVariableError, read_environment

SECRET = "hunt3r"
IN_DOUBT = [
    f"postgresql://u:p@{SECRET}@host/db",
    f"postgresql://u:p@{SECRET}:5432/x@host/db",
    f"postgresql://u:p/{SECRET}@host/db",
    f"postgresql://u:p#{SECRET}@host/db",
    f"postgresql://u:p?{SECRET}@host/db",
    f"postgresql://u:p {SECRET}@host/db",
    f"postgresql://u:p@host:54{SECRET}/db",
    f"postgresql://u:x@h:p:{SECRET}/db",
    f"https://u:p@{SECRET}@host/api",
    f"{SECRET}:x@y@z",
]
SOUND = [
    "postgresql://u:p%40%2F%3A@host:5432/db?application_name=a@b",
    "postgresql+psycopg://u:with:colon@host/db",
    "postgresql://postgres:@/db?host=%2Ftmp%2Fa%20b",
    "postgresql://u:p@[::1]:5432/db",
    "sqlite:////data/with@sign/x.db",
    "sqlite:///C:/data/x.db",
    "https://host/path?q=a:b",
    "https://host/@user/x",
]


@pytest.mark.parametrize("url", IN_DOUBT)
def test_an_address_in_doubt_is_refused_everywhere_and_not_shown(url):
    said = [shown(url)]
    with pytest.raises(AddressError, match="percent-encode") as refused:
        check_address(url)
    said.append(str(refused.value))
    with pytest.raises(EnvironmentVariableError, match=r"OPSGUARD_DATABASE_URL: .*percent-encode") as refused:
        read_environment({"OPSGUARD_DATABASE_URL": url})
    said.append(str(refused.value))
    with pytest.raises(DatabaseError, match="percent-encode") as refused:
        Database(SecretStr(url)).engine  # noqa: B018 - the address is taken apart
    said.append(str(refused.value))
    assert not [words for words in said if SECRET in words or "p@" in words]


@pytest.mark.parametrize("url", SOUND)
def test_an_address_without_doubt_is_taken(url):
    assert check_address(url) is None


@pytest.mark.parametrize("url", [SECRET, f"mysql://u:{SECRET}@h/d", f"postgres ql://{SECRET}", "postgresql:"])
def test_what_is_no_address_of_postgresql_is_said_without_it(url):
    with pytest.raises(DatabaseError, match="OPSGUARD_DATABASE_URL") as refused:
        Database(SecretStr(url)).engine  # noqa: B018 - the address is taken apart
    assert SECRET not in str(refused.value)


def test_a_server_that_does_not_answer_is_named_without_user_and_password():
    database = Database(SecretStr(f"postgresql://u53r:{SECRET}@127.0.0.1:1/db?sslpassword={SECRET}"))
    with (
        pytest.raises(DatabaseError, match=r"127.0.0.1:1/db did not answer") as refused,
        database.begin(),
    ):
        pass
    assert SECRET not in str(refused.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="/?#@ "), min_size=3).filter(lambda t: not t.isspace()))
def test_whatever_is_shown_of_an_address_holds_no_password(password):
    url = make_url("postgresql://h/d").set(username="u", password=f"<{password}>").render_as_string(hide_password=False)
    assert shown(url) == "postgresql://h/d"
    raw = f"postgresql://u:<{password}>@h/d"
    assert _refusal(raw) is not None or make_url(raw).host == "h"
    assert f"<{password}>" not in (_refusal(raw) or "")


def _refusal(url):
    try:
        check_address(url)
    except AddressError as error:
        return str(error)
    return None
