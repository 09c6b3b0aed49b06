"""The page of all key figures, written from their definitions: `make docs` makes docs/key-figures.md of it.

Here: the page. Not here: definitions (the module of each subject).
"""

import sys
from collections.abc import Iterable

from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.registry import KPIS

_HEAD = """# Key figures

What each figure of a scorecard counts. A scorecard prints the same words.

A month begins and ends in the client's time zone, also for sites in other zones, so that sites add up to the client.
Counts are pooled; rates are never averaged. Where nothing was counted, or more rows are unknown than known, there is no
figure, which is not zero. A month is provisional until data reach past its end. Shares have a 95 % interval (Wilson),
by rows, or by devices where their days hang together.
Bands and targets are agreed for all clients or for single ones ([how to set them](configuration.md)).
"""


def to_markdown(kpis: Iterable[Kpi]) -> str:
    """The page."""
    return "\n".join([_HEAD, *(_section(kpi) for kpi in kpis)])


def _section(kpi: Kpi) -> str:
    bands = "none"
    if kpi.band is not None:
        side = "at least" if kpi.is_better == "higher" else "at most"
        bands = f"good: {side} {kpi.band.good}, warning: {side} {kpi.band.warning}"
    rows = {
        "formula": kpi.formula,
        "counted": kpi.population,
        "month": kpi.membership,
        "left out": kpi.exclusions,
        "no figure": kpi.no_data,
        "bands": bands,
        "source": kpi.source,
        "code in CSV and Excel": f"`{kpi.name}`",
        "tables": ", ".join(f"`{feed}`" for feed in kpi.feeds),
    }
    lines = [f"| {name} | {words.replace('|', '/')} |" for name, words in rows.items()]
    return "\n".join([f"## {kpi.label}", "", f"| | {kpi.unit} |", "|---|---|", *lines, ""])


if __name__ == "__main__":
    sys.stdout.write(to_markdown(KPIS.values()))
