"""What was promised for each ticket: policy, targets, and the calendar and time zone in which they run.

Here: the choice of policy and calendar. Not here: counting time against the promise (`clocks`).

* A policy of the client wins over one for all clients; of several equal ones the smallest `policy_id` is taken.
* The ticket's current priority decides, for its whole life: a ticket raised to critical was promised as a critical one.
* Where no policy matches, the defaults below hold, round the clock.
* The policy's calendar wins over the site's; without either, or where the calendar is unknown, work is round the clock.
  The hours are read in the time zone of the site, else of the client, else in UTC.
"""

import dataframely as dy
import polars as pl

from opsguard_assets.tables.reference import Calendars
from opsguard_assets.tickets.sla.calendars import calendar_keys

# What holds where no policy covers a ticket: minutes to respond and to resolve.
DEFAULT_TARGETS = {"critical": (30, 240), "high": (60, 480), "medium": (240, 1_440), "low": (480, 4_320)}
# A provider waits for the customer while a ticket is on hold; a policy that wants otherwise gives an empty list.
DEFAULT_PAUSES_ON = ["on_hold"]
DEFAULT_STOPS_AT = "resolved"
_TERMS = {
    "policy_id": pl.String(),
    "client_id": pl.String(),
    "priority": pl.String(),
    "response_target_minutes": pl.Int64(),
    "resolution_target_minutes": pl.Int64(),
    "policy_calendar_id": pl.String(),
    "pauses_on": pl.List(pl.String()),
    "stops_at": pl.String(),
}


def promises(
    tickets: pl.DataFrame,
    sla_policies: pl.DataFrame,
    calendars: dy.DataFrame[Calendars],
    sites: pl.DataFrame,
    clients: pl.DataFrame,
) -> pl.DataFrame:
    """The promise that holds for each ticket.

    Args:
        tickets: The `tickets` table (`ticket_id`, `client_id`, `site_id`, `priority`).
        sla_policies: The `sla_policies` table.
        calendars: The `calendars` table.
        sites: The `sites` table.
        clients: The `clients` table.

    Returns:
        One row per ticket in the given order: `ticket_id`, `term` (a number per distinct promise), `policy_id` (null:
        defaults), `response_target_minutes` and
        `resolution_target_minutes` (null for a priority that nobody promised anything for), `pauses_on`, `stops_at`,
        `calendar_id` (null: round the clock), `timezone`, `calendar_key`.
    """
    terms = _terms(sla_policies)
    chosen = _chosen(tickets, terms).join(
        terms.drop("client_id", "priority"), on="term", how="left", maintain_order="left"
    )
    known = calendars["calendar_id"].drop_nulls().unique().implode()
    site_zones = sites.select("site_id", site_calendar="calendar_id", site_zone="timezone").unique(
        "site_id", keep="first"
    )
    client_zones = clients.select("client_id", client_zone="timezone").unique("client_id", keep="first")
    placed = (
        chosen.join(site_zones, on="site_id", how="left", maintain_order="left")
        .join(client_zones, on="client_id", how="left", maintain_order="left")
        .with_columns(
            calendar_id=pl.coalesce("policy_calendar_id", "site_calendar"),
            timezone=pl.coalesce("site_zone", "client_zone", pl.lit("UTC")),
        )
        .with_columns(calendar_id=pl.when(pl.col("calendar_id").is_in(known)).then("calendar_id"))
    )
    keys = calendar_keys(calendars, placed)
    return placed.join(
        keys, on=["calendar_id", "timezone"], how="left", nulls_equal=True, maintain_order="left"
    ).select(
        "ticket_id",
        "term",
        "policy_id",
        "response_target_minutes",
        "resolution_target_minutes",
        "pauses_on",
        "stops_at",
        "calendar_id",
        "timezone",
        "calendar_key",
    )


def _terms(sla_policies: pl.DataFrame) -> pl.DataFrame:
    """All policies and the defaults as one numbered list; `term` is the number."""
    # The last is for priorities outside the contract: nothing was promised, but the clock can still pause and stop.
    targets = [*((priority, *minutes) for priority, minutes in DEFAULT_TARGETS.items()), (None, None, None)]
    defaults = pl.DataFrame(
        [(None, None, *target, None, DEFAULT_PAUSES_ON, DEFAULT_STOPS_AT) for target in targets],
        schema=_TERMS,
        orient="row",
    )
    given = sla_policies.select(
        "policy_id",
        "client_id",
        "priority",
        response_target_minutes="response_minutes",
        resolution_target_minutes="resolution_minutes",
        policy_calendar_id="calendar_id",
        pauses_on=pl.col("pauses_on").cast(pl.List(pl.String)).fill_null(pl.lit(DEFAULT_PAUSES_ON)),
        stops_at=pl.col("stops_at").cast(pl.String).fill_null(DEFAULT_STOPS_AT),
    ).select(pl.col(name).cast(dtype) for name, dtype in _TERMS.items())
    return pl.concat([given.sort("policy_id"), defaults]).with_row_index("term")


def _chosen(tickets: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """`term` per ticket: of its client, else for all, else the default."""
    by_client = terms.filter(pl.col("client_id").is_not_null()).unique(["client_id", "priority"], keep="first")
    for_all = terms.filter(pl.col("client_id").is_null(), pl.col("policy_id").is_not_null())
    default = terms.filter(pl.col("policy_id").is_null())

    def numbered(some: pl.DataFrame, name: str, keys: list[str]) -> pl.DataFrame:
        return some.unique(keys, keep="first").select(*keys, pl.col("term").alias(name))

    wanted = tickets.select("ticket_id", "client_id", "site_id", pl.col("priority").cast(pl.String))
    return (
        wanted.join(
            numbered(by_client, "of_client", ["client_id", "priority"]),
            on=["client_id", "priority"],
            how="left",
            maintain_order="left",
        )
        .join(numbered(for_all, "of_all", ["priority"]), on="priority", how="left", maintain_order="left")
        .join(numbered(default, "of_default", ["priority"]), on="priority", how="left", maintain_order="left")
        .with_columns(term=pl.coalesce("of_client", "of_all", "of_default", pl.lit(terms["term"][-1])))
    )
