"""Every mistake in opsguard.yaml is told with its file, its line and a remedy; secrets stay out of what is loaded."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.load import ConfigError, load_settings, load_settings_of, parse_settings, with_secrets
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import FileSource, RestSource, SimulatorSource, SqlSource
from resources.environment import EnvironmentVariableError, read_environment
from tests.properties import examples

WHOLE = """\
operations:
  timezone: Europe/Berlin
sla:
  alert_from: ${ALERT:-0.75}
sources:
  - name: helpdesk
    kind: files
    path: ${EXPORTS}/tickets.csv
    feeds:
      - table: tickets
        columns:
          ticket_id: number
          priority: {from: urgency, values: {"1": high}}
  - name: rosters
    kind: sql
    url: postgresql://ops:${ROSTER_PASSWORD}@db/rosters
    table: shifts
    feeds: [{table: rosters, same_names: true}]
  - name: alarms
    kind: rest
    token: ${ALARM_TOKEN}
    client: {base_url: https://alarms.example}
    resource: {endpoint: {path: alarms}}
    feeds: [{table: external_alerts, same_names: true}]
"""


def parse(text: str, **variables: str) -> Settings:
    return parse_settings(text, name="opsguard.yaml", variables=variables)


def complaint(text: str, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, **variables)
    return str(caught.value)


def test_a_whole_file_becomes_settings():
    loaded = parse(WHOLE, EXPORTS="/exports")
    assert loaded.operations.timezone == "Europe/Berlin"
    assert loaded.sla.alert_from == 0.75
    files, sql, rest = loaded.sources
    assert isinstance(files, FileSource)
    assert isinstance(sql, SqlSource)
    assert isinstance(rest, RestSource)
    assert files.path == "/exports/tickets.csv"
    assert files.feeds[0].columns["ticket_id"].source == "number"
    assert files.feeds[0].columns["priority"].values == {"1": "high"}


def test_an_empty_file_means_every_default():
    assert parse("") == parse("# only words\n") == Settings()


def test_a_variable_wins_over_its_default_and_an_empty_one_does_not():
    text = "operations: {timezone: '${ZONE:-UTC}'}"
    assert parse(text, ZONE="Asia/Tokyo").operations.timezone == "Asia/Tokyo"
    assert parse(text, ZONE="").operations.timezone == "UTC"


SOURCE = "sources:\n  - name: helpdesk\n    kind: files\n    path: a.csv\n    feeds: [{table: tickets}]\n"

SQL = (
    SOURCE.replace("kind: files", "kind: sql")
    .replace("path: a.csv", "url: sqlite://\n    table: t")
    .replace("{table: tickets}", "{table: rosters, snapshot: true}")
)
REST = """sources:
  - name: api
    kind: rest
    client: {base_url: https://h}
    resource: {endpoint: {path: x}}
    feeds: [{table: rosters, snapshot: true}]
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sla:\n  alert_form: 1\n", "sla.alert_form: this key is not known; did you mean `alert_from`?"),
        (
            "operations: {}\nxyzzyx: 1\n",
            "opsguard.yaml:2: xyzzyx: this key is not known; see docs/configuration.md for the keys of this place",
        ),
        ("operations:\n  timezone: Mars/Base\n", "opsguard.yaml:2: operations.timezone: 'Mars/Base' is not an IANA"),
        (SOURCE + SOURCE.removeprefix("sources:\n"), "opsguard.yaml:1: sources: two sources are named helpdesk; give"),
        (SOURCE.replace("helpdesk", "Help Desk"), "opsguard.yaml:2: sources.0"),
        (SOURCE.replace("    path: a.csv\n", ""), "path: Field required"),
        (SOURCE.replace("kind: files", "kind: ftp"), "opsguard.yaml:2: sources.0"),
        (SOURCE.replace("{table: tickets}", "{table: tickets, columns: {title: {from: a, constant: b}}}"),
         "a column needs exactly one of `from`, `constant` and `template`"),
        (SOURCE.replace("[{table: tickets}]", "[]"), "opsguard.yaml:5: sources.0.feeds"),
        ("sla:\n\n  alert_from: much\n", "opsguard.yaml:3: sla.alert_from: Input should be a valid number"),
        ("sla:\n  alert_from: 7\n", "opsguard.yaml:2: sla.alert_from: Input should be less than 1"),
        (SQL + "    cursor: at\n", "with a `cursor` a load is not a complete list; remove `cursor`, or `snapshot`"),
        (REST.replace("path: x", "path: x, incremental: {cursor_path: at}"), "an `incremental` resource is no"),
        (REST.replace("path: x", "path: x, params: {s: {type: incremental}}"), "an `incremental` resource is no"),
        (SOURCE.replace("{table: tickets}", "{table: rosters, snapshot: true}, {table: rosters}"),
         "only some of the feeds of rosters have `snapshot: true`; give it to all or none"),
        (SOURCE.replace("{table: tickets}", "{table: rosters, snapshot: true, columns: {known_at: at}}"),
         "with `snapshot`, a row is known from its list on; take `known_at` out of `columns`, or `snapshot` out"),
        ("a: [1\nb: 2\n", "no valid YAML"),
        ("sla:\n\tx: 1\n", "opsguard.yaml:2: no valid YAML"),
        ("sla: {}\nsla: {}\n", "opsguard.yaml:2: no valid YAML"),
        ("- a\n- b\n", "opsguard.yaml:1: the file must hold keys such as `sources:`; it holds"),
        ("just words\n", "opsguard.yaml:1: the file must hold keys such as `sources:`; it holds"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_a_remedy(text, words):
    message = complaint(text)
    assert words in message
    assert message.startswith("opsguard.yaml:")


def test_all_mistakes_are_told_at_once():
    result = complaint("sla:\n  alert_from: 7\n  alert_form: 1\noperations:\n  timezone: euro\n").splitlines()
    assert sorted(line.split(": ")[0] for line in result) == ["opsguard.yaml:2", "opsguard.yaml:3", "opsguard.yaml:5"]


def test_a_parent_is_not_told_where_its_child_is_what_is_wrong():
    message = complaint(SOURCE.replace("{table: tickets}", "{table: tickets, colums: {}}"))
    assert message == "opsguard.yaml:5: sources.0.feeds.0.colums: this key is not known; did you mean `columns`?"


def test_settings_that_can_be_complete_lists_are_accepted():
    assert parse(SQL).sources[0].brings_lists
    assert parse(REST).sources[0].brings_lists
    (source,) = parse(SOURCE.replace("{table: tickets}", "{table: tickets, withdrawn_when: {state: gone}}")).sources
    assert source.feeds[0].withdrawn_when == {"state": ("gone",)}
    assert not source.brings_lists


def test_a_variable_that_is_not_set_is_told_with_its_line_and_how_to_give_a_default():
    assert complaint("sla:\n  alert_from: 0.7\noperations:\n  timezone: ${ZONE}\n") == (
        "opsguard.yaml:4: the variable ZONE is not set. Set it, or write ${ZONE:-a default}."
    )
    assert complaint("sources:\n  - name: a\n  - path: ${A}\n").startswith("opsguard.yaml:3: the variable A ")


def test_a_file_in_a_folder_with_a_colon_is_named_in_full():
    with pytest.raises(ConfigError, match=r"^C:/ops/opsguard\.yaml:1: the variable ZONE is not set"):
        parse_settings("operations: {timezone: '${ZONE}'}", name="C:/ops/opsguard.yaml", variables={})


def test_a_file_that_is_missing_or_no_text_is_named_with_a_remedy(tmp_path):
    missing, binary = tmp_path / "missing.yaml", tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    result = {
        missing: r"does not exist\. Name an opsguard\.yaml",
        binary: "Save the file as UTF-8",
        tmp_path: "a directory",
    }
    for path, words in result.items():
        with pytest.raises(ConfigError, match=words) as caught:
            load_settings(path, {})
        assert str(caught.value).startswith(str(path))


def test_control_characters_are_no_valid_yaml():
    assert "no valid YAML" in complaint("sla: \x00\n")


@settings(max_examples=examples(150), deadline=None)
@given(text=st.text(alphabet="abc:-[]{}'\"#&*!|>%@`\n\t ${}1.?~", max_size=60))
def test_any_text_becomes_settings_or_a_complaint_with_a_place(text):
    try:
        outcome: object = parse(text)
    except ConfigError as error:
        outcome = str(error)
    assert isinstance(outcome, Settings) or str(outcome).startswith("opsguard.yaml:")


def test_without_a_file_the_simulated_provider_below_home_is_in_force(tmp_path):
    place = read_environment({"OPSGUARD_HOME": str(tmp_path)})
    (source,) = load_settings_of(place, {}).sources
    assert isinstance(source, SimulatorSource)
    assert source.folder == str(place.simulated)


def test_the_file_of_the_environment_is_in_force_and_may_name_home(tmp_path: Path):
    file = tmp_path / "opsguard.yaml"
    file.write_text(SOURCE.replace("a.csv", "${OPSGUARD_HOME}/a.csv"), encoding="utf-8")
    place = read_environment({"OPSGUARD_HOME": str(tmp_path), "OPSGUARD_CONFIG": str(file)})
    (source,) = load_settings_of(place, {}).sources
    assert isinstance(source, FileSource)
    assert source.path == f"{tmp_path}/a.csv"


def test_secrets_are_not_filled_in_when_settings_are_loaded():
    _, sql, rest = parse(WHOLE, EXPORTS="/exports").sources
    assert isinstance(sql, SqlSource)
    assert isinstance(rest, RestSource)
    assert sql.url.get_secret_value() == "postgresql://ops:${ROSTER_PASSWORD}@db/rosters"
    assert rest.token is not None
    assert rest.token.get_secret_value() == "${ALARM_TOKEN}"


def test_secrets_are_filled_in_from_variables_or_files_and_shown_nowhere(tmp_path):
    file = tmp_path / "token"
    file.write_text("hunter3\n", encoding="utf-8")
    _, sql, rest = parse(WHOLE, EXPORTS="/exports").sources
    variables = {"ROSTER_PASSWORD": "hunter2", "ALARM_TOKEN_FILE": str(file)}
    filled, authorised = with_secrets(sql, variables), with_secrets(rest, variables)
    assert filled.url.get_secret_value() == "postgresql://ops:hunter2@db/rosters"
    assert authorised.token.get_secret_value() == "hunter3"
    for shown in (repr(filled), str(filled), repr(authorised), filled.model_dump_json(), str(authorised.model_dump())):
        assert "hunter" not in shown


def test_secrets_in_the_words_of_dlt_are_filled_in_at_any_depth():
    text = """
sources:
  - name: api
    kind: rest
    client: {base_url: "https://${HOST}/", auth: {type: bearer, token: "${API_TOKEN}"}}
    resource: {endpoint: {path: x, params: {token: "${API_TOKEN}"}}, also: [{url: "${API_TOKEN}"}]}
    feeds: [{table: tickets, same_names: true}]
"""
    (api,) = parse(text, HOST="h").sources
    filled = with_secrets(api, {"API_TOKEN": "hunter2"})
    assert filled.client == {"base_url": "https://h/", "auth": {"type": "bearer", "token": "hunter2"}}
    assert filled.resource["endpoint"]["params"] == {"token": "hunter2"}
    assert filled.resource["also"] == [{"url": "hunter2"}]
    assert "hunter" not in f"{filled!r} {filled}"


def test_a_literal_secret_in_the_file_is_shown_nowhere():
    loaded = parse(WHOLE.replace("${ROSTER_PASSWORD}", "hunter2").replace("${ALARM_TOKEN}", "hunter3"), EXPORTS="/e")
    assert "hunter" not in f"{loaded!r} {loaded} {loaded.model_dump_json()}"


def test_a_complaint_about_a_source_does_not_show_its_secret():
    text = WHOLE.replace("${ROSTER_PASSWORD}", "hunter2").replace("table: shifts", "tabel: shifts")
    assert "hunter2" not in complaint(text, EXPORTS="/e")


def test_a_secret_that_is_not_set_names_its_source_and_variable():
    _, sql, _ = parse(WHOLE, EXPORTS="/exports").sources
    with pytest.raises(ConfigError, match="source rosters: the variable ROSTER_PASSWORD is not set"):
        with_secrets(sql, {})


def test_a_secret_from_a_variable_and_a_file_at_once_is_a_contradiction(tmp_path):
    _, _, rest = parse(WHOLE, EXPORTS="/exports").sources
    with pytest.raises(EnvironmentVariableError, match="ALARM_TOKEN and ALARM_TOKEN_FILE are both set"):
        with_secrets(rest, {"ALARM_TOKEN": "a", "ALARM_TOKEN_FILE": str(tmp_path / "b")})


def test_a_default_of_a_secret_is_used_when_nothing_is_set():
    text = WHOLE.replace("${ROSTER_PASSWORD}", "${ROSTER_PASSWORD:-trust}")
    _, sql, _ = parse(text, EXPORTS="/exports").sources
    assert with_secrets(sql, {}).url.get_secret_value() == "postgresql://ops:trust@db/rosters"


def test_a_source_without_secrets_stays_as_it_is():
    files, _, _ = parse(WHOLE, EXPORTS="/exports").sources
    assert with_secrets(files, {}) == files
