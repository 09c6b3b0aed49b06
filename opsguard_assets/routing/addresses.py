"""By which channel somebody is reached: the first of a route that has an address for them.

Here: addresses of people and of clients. Not here: who they are (`ladder`).
"""

import polars as pl

from opsguard_assets.routing.frames import Roster, Rules
from opsguard_assets.routing.routes import PLACE, channels_of

CLIENT, EXECUTIVE, SYSTEM = "client channel", "executive", "system"
_OF_PEOPLE = {"slack": "slack_user_id", "mail": "email"}


def reached(rows: pl.DataFrame, roster: Roster, rules: Rules) -> pl.DataFrame:
    """Rows of people with `channel`, `address`, `zone` and `name`; several where a route tells them by every channel.

    Args:
        rows: With `incident_id`, `audience`, `person_id`, `_route`.
        roster: Their addresses.
        rules: Channels.

    Returns:
        At least one row each; `channel` and `address` are null where nothing reaches them.
    """
    offered = channels_of(rules).filter(pl.col("channel_kind").is_in(list(_OF_PEOPLE)))
    known = roster.people.unique("person_id")
    asked = rows.select("person_id", PLACE).drop_nulls("person_id").unique()
    pairs = asked.join(known, on="person_id").join(offered, on=PLACE)
    address = pl.coalesce(
        pl.when(pl.col("channel_kind") == kind).then(pl.col(name).str.strip_chars())
        for kind, name in _OF_PEOPLE.items()
    )
    usable = (
        pairs.with_columns(address=address)
        .filter(pl.col("address").is_not_null() & (pl.col("address") != "") & ~pl.col("address").str.contains(r"\s"))
        .sort("person_id", PLACE, "_turn")
    )
    first = usable.filter(pl.col("_every") | (pl.int_range(pl.len()).over("person_id", PLACE) == 0))
    joined = rows.join(
        first.select("person_id", PLACE, "channel", "address", "_turn"), on=["person_id", PLACE], how="left",
        maintain_order="left_right",
    )  # fmt: skip
    return joined.join(
        known.select("person_id", "zone", "name"), on="person_id", how="left", maintain_order="left"
    ).with_columns(named("person_id"), zone=pl.col("zone").fill_null(rules.zone))


def named(number: str) -> pl.Expr:
    """`name`; where it is unknown the number in its place, said to be one. Null for nobody."""
    return pl.coalesce("name", pl.format("person {}", number))


def of_clients(work: pl.DataFrame, roster: Roster, rules: Rules) -> pl.DataFrame:
    """(`incident_id`, `audience`, `channel`, `address`, `zone`, `why`): a client's own channel, and its executives."""
    offered = channels_of(rules)
    known = work.select("incident_id", "client_id", PLACE, "priority", "is_life_safety", "urgency").join(
        roster.clients.unique("client_id"), on="client_id", maintain_order="left"
    )
    settings, priority = rules.settings, pl.col("priority")
    # Above every priority: a setting that is absent tells nobody.
    no_more = 101
    client_from = no_more if settings.client_from is None else settings.client_from
    executives_from = no_more if settings.executives_from is None else settings.executives_from
    grave = (priority >= executives_from) | (pl.col("is_life_safety") & (settings.executives_from is not None))
    slack = _first(offered, "slack")
    mail = _first(offered, "mail")
    own = known.filter(priority >= client_from, pl.col("slack_channel").is_not_null()).join(slack, on=PLACE)
    chiefs = known.filter(grave).join(mail, on=PLACE).explode("executive_emails").drop_nulls("executive_emails")
    rows = pl.concat(
        [
            _asked(own, CLIENT, "slack_channel", "the client's own channel"),
            _asked(chiefs, EXECUTIVE, "executive_emails", "an executive of the client"),
        ]
    )
    return rows.filter(pl.col("address") != "")


def _asked(rows: pl.DataFrame, audience: str, address: str, why: str) -> pl.DataFrame:
    return rows.select(
        "incident_id", "channel", "zone", audience=pl.lit(audience), address=pl.col(address).str.strip_chars(),
        why=pl.lit(why),
    )  # fmt: skip


def of_systems(work: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The same for channels that no person is behind, such as webhooks: their address is their name."""
    others = channels_of(rules).filter(~pl.col("channel_kind").is_in(list(_OF_PEOPLE)))
    rows = work.join(others, on=PLACE).with_columns(zone=pl.lit(rules.zone), address="channel")
    return _asked(rows, SYSTEM, "address", "a channel of the route")


def _first(offered: pl.DataFrame, kind: str) -> pl.DataFrame:
    """(`_route`, `channel`): the first channel of a kind of each route."""
    of_kind = offered.filter(pl.col("channel_kind") == kind).sort(PLACE, "_turn")
    return of_kind.unique(PLACE, keep="first", maintain_order=True).select(PLACE, "channel")
