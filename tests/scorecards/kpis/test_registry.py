"""All definitions together: names, words, feeds, and the settings that name them."""

import re
from pathlib import Path
from typing import get_args

import pytest

from opsguard_assets.config.kpis import KpiName
from opsguard_assets.scorecards.kpis.describe import to_markdown
from opsguard_assets.scorecards.kpis.feeds_io import COMPLETE, READERS
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.tables.registry import TABLES
from tests.scorecards.messages import TEXTS


def test_settings_name_just_the_key_figures_that_there_are():
    assert set(get_args(KpiName)) == set(KPIS)


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.name)
def test_a_definition_is_whole_and_its_feeds_are_read(kpi):
    assert len(kpi.label) <= 40
    words = (kpi.population, kpi.membership, kpi.exclusions, kpi.no_data, kpi.source)
    assert [each for each in words if not each.endswith(".")] == []
    assert set(kpi.feeds) <= {*TABLES, *READERS}
    assert set(kpi.watermarks) <= {*TABLES, *COMPLETE}


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.name)
def test_executives_read_no_names_of_settings_or_of_code(kpi):
    words = " ".join(getattr(kpi, name) for name in TEXTS)
    assert re.findall(r"`|\w+_\w+|\b[a-z]+\.[a-z]+\b|\b(?:ticks?|feeds?|null|settings?)\b", words) == []


def test_the_page_of_key_figures_is_current():
    page = Path(__file__).parents[3] / "docs" / "key-figures.md"
    assert page.read_text(encoding="utf-8") == to_markdown(KPIS.values()), "run `make docs`"
