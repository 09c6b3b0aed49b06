"""Pages of vendors: hostile texts stay text, names of files stay in their folder, lists say what happened."""

import re

import pytest
from typer.testing import CliRunner

from opsguard_assets.cli import app
from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.scores.io import scored_at
from opsguard_assets.vendors.scores.pages import file_of, pages_of
from opsguard_assets.vendors.scores.report import late_jobs, rework_chains
from resources.lake import Lake
from tests.vendors.orders import AS_OF, frame, jobs_of, order

EVIL = '"><img src=x onerror=alert(1)>{{ 7*7 }}'
WEIRD = "../../etc/passwd"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    lake = Lake(str(folder / "lake"))
    orders = [order(n, vendor=WEIRD, late=5.0 if n == 3 else 0.0, site_id=EVIL, category=EVIL) for n in range(8)]
    orders += [order(100, vendor=WEIRD, due=-12.0, is_rework_of="w00003"), order(200, vendor="v2")]
    named = [
        {"vendor_id": WEIRD, "name": EVIL, "trade": EVIL, "known_at": AS_OF.replace(year=2025)},
    ]
    for name, rows in (("work_orders", orders), ("vendors", named)):
        lake.record(TABLES[name], frame(name, rows).select(TABLES[name].columns), loaded_at=AS_OF)
    return pages_of(scored_at(lake, AS_OF, Settings()), AS_OF, Settings())


def test_hostile_texts_stay_text_on_every_page(pages):
    assert len(pages) == 3
    for text in pages.values():
        assert "<img" not in text
        assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(\d+)", text)
        assert not re.search(r"<[^>]*onerror", text)
    assert "&lt;img src=x" in pages["index.html"]


def test_every_page_lies_in_its_folder_and_the_ranking_links_to_it(pages):
    index, *others = pages
    assert index == "index.html"
    assert [name for name in pages if not re.fullmatch(r"[A-Za-z0-9-]+\.html", name)] == []
    assert len(others) == 2
    assert all(f'href="{name}"' in pages[index] for name in others)
    assert file_of("a/b") != file_of("a.b")


def test_a_page_tells_late_jobs_and_what_was_done_again(pages):
    text = pages[file_of(WEIRD)]
    assert "Late jobs since June 2026: 1" in text
    assert "w00003 → w00100" in text
    assert "too few jobs to be ranked" not in text
    assert "grade" in text


def test_a_chain_of_repairs_begins_with_the_first_job():
    orders = [order(1), order(2, is_rework_of="w00001"), order(3, is_rework_of="w00002"), order(9, is_rework_of="gone")]
    orders += [order(5, is_rework_of="w00006"), order(6, is_rework_of="w00005")]
    chains = rework_chains(jobs_of(orders))
    assert set(chains.select("first_id", "chain", "repairs").rows()) == {
        ("w00001", "w00001 → w00002 → w00003", 2),
        ("gone", "gone → w00009", 1),
    }


def test_a_job_repaired_twice_tells_who_repairs_whom_however_long_that_goes_on():
    orders = [order(1), order(2, is_rework_of="w00001"), order(3, is_rework_of="w00002")]
    orders += [order(4, is_rework_of="w00001"), order(20)]
    orders += [order(20 + n, is_rework_of=f"w000{19 + n}") for n in range(1, 15)]
    result = dict(rework_chains(jobs_of(orders)).select("first_id", "chain").iter_rows())
    assert result["w00001"] == "w00001 → w00002 → w00003; w00001 → w00004"
    assert result["w00020"] == " → ".join(f"w000{20 + n}" for n in range(15))


def test_a_chain_begins_with_its_first_job_however_old_that_is(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    year = -24.0 * 400
    orders = [order(1, vendor="old", due=year, late=9.0), order(2, vendor="old", due=year / 2, is_rework_of="w00001")]
    orders += [order(3, vendor="new", is_rework_of="w00002"), order(4, vendor="old")]
    lake.record(
        TABLES["work_orders"], frame("work_orders", orders).select(TABLES["work_orders"].columns), loaded_at=AS_OF
    )
    pages = pages_of(scored_at(lake, AS_OF, Settings()), AS_OF, Settings())
    text = pages[file_of("old")]
    assert "w00001 → w00002 → w00003" in text
    assert "Late jobs since June 2026: 0" in text
    assert "None" not in re.search(r'class="headline">([^<]*)', text).group(1)


def test_late_jobs_count_until_they_are_done_or_until_now():
    late = late_jobs(jobs_of([order(1, late=6.0), order(2, late=None), order(3)]), AS_OF)
    assert late.select("work_order_id", "hours_late").rows() == [("w00002", 24.0), ("w00001", 6.0)]


def test_the_command_teaches():
    result = CliRunner().invoke(app, ["vendors", "--help"])
    assert result.exit_code == 0
    assert "report" in result.output
