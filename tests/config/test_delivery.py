"""Channels in `opsguard.yaml`: what each option becomes, and what is refused with a reason."""

import pytest

from opsguard_assets.config.load import ConfigError, parse_settings
from opsguard_assets.delivery.channels_io import transports_of

VARIABLES = {"BOT": "xoxb-1", "PASS": "s3cr3t", "URL": "https://hooks.test/1", "SIGN": "whsec_c2VjcmV0", "BEAR": "b34r"}


def settings_of(channel):
    text = f"delivery: {{channels: {{one: {channel}}}}}"
    return parse_settings(text, name="opsguard.yaml", variables={}).delivery


def opened(channel, tmp_path):
    return transports_of(settings_of(channel), VARIABLES, tmp_path)["one"]


def test_without_channels_messages_lie_in_the_home_folder_and_nothing_is_sent(tmp_path):
    delivery = parse_settings("{}", name="opsguard.yaml", variables={}).delivery
    transports = transports_of(delivery, {}, tmp_path)
    assert delivery.sends_nothing
    assert {name: one.channel.folder for name, one in transports.items()} == {
        "slack": tmp_path / "mailbox",
        "mail": tmp_path / "mailbox",
    }
    assert [one.form for one in transports.values()] == ["slack", "mail"]


def test_the_options_of_slack_reach_slack(tmp_path):
    options = "token: '${BOT}', api_url: 'http://localhost:1/', reads_history: false, look_after_seconds: 5"
    one = opened(f"{{kind: slack, {options}, timeout_seconds: 7}}", tmp_path)
    assert (one.channel.token, one.channel.api_url, one.channel.timeout_seconds) == ("xoxb-1", "http://localhost:1/", 7)
    assert (one.can_tell, one.look_after.total_seconds()) == (False, 5)
    assert "xoxb" not in repr(one)


def test_the_options_of_a_mail_server_reach_it(tmp_path):
    login = "user: ops, password: '${PASS}', security: tls, connect_seconds: 3, answer_seconds: 500"
    one = opened(f"{{kind: mail, host: smtp.test, sender: 'O <o@p.test>', unsubscribe: 'u@p.test', {login}}}", tmp_path)
    server = one.server
    assert (server.host, server.port, server.security, server.user, server.password) == (
        "smtp.test", 465, "tls", "ops", "s3cr3t",
    )  # fmt: skip
    assert (server.sender, server.connect_seconds, server.answer_seconds) == ("O <o@p.test>", 3, 500)
    assert one.unsubscribe == "u@p.test"
    assert opened("{kind: mail, host: h, sender: a@b.c}", tmp_path).server.port == 587
    assert opened("{kind: mail, host: h, sender: a@b.c, port: 2525}", tmp_path).server.port == 2525
    assert "s3cr3t" not in repr(one)


def test_the_options_of_the_others_reach_them(tmp_path):
    one = opened(
        "{kind: webhook, url: '${URL}', signing_secret: '${SIGN}', token: '${BEAR}', timeout_seconds: 3}", tmp_path
    )
    hook = one.channel
    assert (hook.url, hook.signing_secret, hook.token, hook.timeout_seconds) == (
        VARIABLES["URL"], VARIABLES["SIGN"], "b34r", 3,
    )  # fmt: skip
    assert opened("{kind: apprise, url: '${URL}'}", tmp_path).channel.url == VARIABLES["URL"]
    folder = opened("{kind: folder, form: slack, folder: elsewhere}", tmp_path)
    assert (folder.form, str(folder.channel.folder)) == ("slack", "elsewhere")


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("{kind: slack, token: xoxb-1}", "secrets are named, never written down"),
        ("{kind: slack, token: '${BOT}', api_url: 'http://slack.test/'}", "must not be read on the way"),
        ("{kind: mail, host: h, sender: nobody}", "write the sender like"),
        ("{kind: mail, host: h, sender: 'a@b.c', user: u}", "belong together"),
        ("{kind: mail, host: h, sender: 'a@b.c', security: none, user: u, password: '${P}'}", "needs `security:"),
        ("{kind: webhook, url: 'http://hooks.test', signing_secret: '${S}'}", "must not be read on the way"),
        ("{kind: fax}", "kind"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(channel, words):
    with pytest.raises(ConfigError, match=r"opsguard\.yaml:1: ") as raised:
        settings_of(channel)
    assert words in str(raised.value)


def test_a_name_that_keys_of_messages_cannot_hold_is_refused():
    with pytest.raises(ConfigError, match="is no name of a channel"):
        parse_settings("delivery: {channels: {'a/b': {kind: folder}}}", name="opsguard.yaml", variables={})


def test_a_secret_whose_variable_is_not_set_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"delivery\.channels\.one: the variable NOT_SET is not set"):
        opened("{kind: slack, token: '${NOT_SET}'}", tmp_path)
