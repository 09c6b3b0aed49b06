"""Which route an incident takes: team, channels and urgency, and by which rule.

Here: the routes of the settings, and the built-in one that every incident reaches. Not here: people (`ladder`).
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from opsguard_assets.config.routing import Route
from opsguard_assets.incidents.matching import matches
from opsguard_assets.routing.frames import Rules

NOW, SOON, DIGEST = "now", "soon", "digest"
NOC: Final = "noc"
DEFAULT, LIFE_SAFETY = "default", "life safety"
# Column of a frame of incidents: the place of its route among `every_route`.
PLACE: Final = "_route"


def every_route(rules: Rules) -> list[Route]:
    """The routes in the order in which they are tried; the last one takes everything."""
    life = Route.model_validate(
        {"name": LIFE_SAFETY, "when": {"life_safety": True}, "urgency": NOW, "every_channel": True}
    )
    return [*rules.settings.routes, life, Route(name=DEFAULT)]


def routed(work: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Incidents with `_route`, `rule`, `team` and `urgency`. Life safety is told now, whatever a route says."""
    routes = every_route(rules)
    place = pl.coalesce(pl.when(matches(route.when)).then(number) for number, route in enumerate(routes))
    rows = work.with_columns(place.cast(pl.Int64).alias(PLACE))
    known = pl.DataFrame(
        [(n, route.name, route.team, route.urgency) for n, route in enumerate(routes)],
        schema={PLACE: pl.Int64, "rule": pl.String, "_team": pl.String, "_urgency": pl.String},
        orient="row",
    )
    by_priority = (
        pl.when(pl.col("priority") >= rules.settings.interrupt_from).then(pl.lit(NOW)).otherwise(pl.lit(DIGEST))
    )
    urgency = pl.when("is_life_safety").then(pl.lit(NOW)).otherwise(pl.coalesce("_urgency", by_priority))
    return (
        rows.join(known, on=PLACE, how="left", maintain_order="left")
        .with_columns(team=pl.coalesce("_team", "team", pl.lit(NOC)), urgency=urgency)
        .drop("_team", "_urgency")
    )


def channels_of(rules: Rules) -> pl.DataFrame:
    """(`_route`, `_turn`, `channel`, `channel_kind`, `_every`): the channels of each route, the preferred first."""
    rows = [
        (place, turn, name, rules.channels[name], route.every_channel)
        for place, route in enumerate(every_route(rules))
        for turn, name in enumerate(_named(route, rules))
    ]
    schema = {
        PLACE: pl.Int64, "_turn": pl.Int64, "channel": pl.String, "channel_kind": pl.String, "_every": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _named(route: Route, rules: Rules) -> Sequence[str]:
    return [name for name in route.channels or rules.settings.channels if name in rules.channels]
