"""Settings of the web service that would open it to the wrong people are refused, with what to write instead."""

import pytest
from pydantic import ValidationError

from opsguard_assets.config.web import WebService


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "192.0.2.1"}, "name the service by"),
        ({"host": "example.org"}, "is an address"),
        ({"base_url": "http://ops.example.org"}, "https://"),
        ({"base_url": "https://user:pw@ops.example.org"}, "https://"),
        ({"base_url": "https://ops.example.org/?x=1"}, "https://"),
        ({"base_url": "https://[::1"}, "https://"),
        ({"base_url": "ops.example.org"}, "https://"),
        ({"allowed_hosts": ["ops.example.org:443"]}, "without port"),
        ({"allowed_hosts": ["*"]}, "without port"),
        ({"proxies": ["*"]}, "is not an address"),
        ({"slack_signing_secret": "8f742231b10e"}, "never written down"),
        ({"port": 70_000}, "65535"),
        ({"requests_per_minute": 1}, "10"),
    ],
    ids=str,
)
def test_what_would_open_it_to_the_wrong_people_is_refused(settings, words):
    with pytest.raises(ValidationError) as refused:
        WebService.model_validate(settings)
    assert words in str(refused.value)
    assert "8f742231b10e" not in str(refused.value)


def test_it_is_called_by_its_public_name_and_those_of_this_machine():
    web = WebService(base_url="https://ops.example.org/", allowed_hosts=("desk.internal",), host="192.0.2.1")
    assert web.base_url == "https://ops.example.org"
    assert web.names == ("127.0.0.1", "localhost", "::1", "desk.internal", "ops.example.org")
    assert WebService(base_url="http://127.0.0.1:3100").base_url == "http://127.0.0.1:3100"
