"""A mapping that does not fit its source or its table says so before anything is read."""

import pytest

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.mapping.conform import conform
from opsguard_assets.intake.mapping.origin import MappingError
from tests.intake.accept.given import CASES, START, case, raw, source


def conformed(rows, mapped):
    return conform(raw(rows), mapped.feeds[0], mapped, CASES, START)


def test_a_missing_column_of_a_file_is_an_error_that_names_close_ones():
    with pytest.raises(MappingError, match=r"helpdesk.*'Opened at'.*close to it: opened"):
        conformed([case()], source({"opened_at": "Opened at"}))


def test_an_optional_column_that_json_lines_never_delivered_is_null():
    lines = FileSource.model_validate(
        source({"closed_at": "closed"}).model_dump(by_alias=True) | {"path": "cases.jsonl"}
    )
    assert conformed([case()], lines).accepted["closed_at"].to_list() == [None]
    wrong = FileSource.model_validate(source({"case_id": "nr"}).model_dump(by_alias=True) | {"path": "cases.jsonl"})
    with pytest.raises(MappingError, match="'nr'"):
        conformed([case()], wrong)


def test_a_column_that_the_table_does_not_have_is_an_error():
    with pytest.raises(MappingError, match=r"no column 'titel'; close to it: title"):
        conformed([case()], source({"titel": "x"}))


def test_only_instants_can_be_limited_by_another_instant():
    with pytest.raises(MappingError, match="`no_later_than` needs an instant, and title is not one"):
        conformed([case()], source({"title": {"from": "State", "no_later_than": "Opened"}}))


def test_days_are_added_to_instants_only():
    with pytest.raises(MappingError, match="`add_days` needs an instant, and title is not one"):
        conformed([case()], source({"title": {"from": "State", "add_days": 1}}))


def test_a_time_zone_that_does_not_exist_is_refused_before_anything_is_read():
    with pytest.raises(ValueError, match="'Europe/Bremen' is not an IANA time zone"):
        source(timezone="Europe/Bremen")


def test_a_required_column_without_an_origin_is_an_error():
    mapped = source()
    columns = {k: v for k, v in mapped.feeds[0].columns.items() if k != "state"}
    feed = mapped.feeds[0].model_copy(update={"columns": columns})
    with pytest.raises(MappingError, match="required columns without an origin: state"):
        conform(raw([case()]), feed, mapped, CASES, START)


def test_a_constant_that_is_no_value_of_its_column_is_an_error():
    with pytest.raises(MappingError, match=r"due_on: 'soon' is not a value of due_on: not a valid date in ISO 8601"):
        conformed([case()], source({"due_on": {"constant": "soon"}}))


def test_channels_need_a_table_that_has_them():
    mapped = source()
    feed = mapped.feeds[0].model_copy(update={"channels": ("State",)})
    with pytest.raises(MappingError, match=r"helpdesk, table cases: `channels` are for `telemetry`"):
        conform(raw([case()]), feed, mapped, CASES, START)
