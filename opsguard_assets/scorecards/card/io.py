"""The cards of a month, each client on its own, of one view of the lake.

Here: reading and computing once for all clients, then composing one after the other. Not here: snapshots and signing
(`signing`), forms.

Figures of the month are computed again from the records; those of other months are the stored ones, so that what was
signed stays. The provider's own card is of all clients' rows together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import Entitlements, features_held, sections_held
from opsguard_assets.entitlements.io import entitlements_at, monthly_prices
from opsguard_assets.scorecards.card.card import Card, Origin, Predicted, Risk, Shadow, Vendor
from opsguard_assets.scorecards.card.compose import Material, Reader, compose, decimal, known
from opsguard_assets.scorecards.card.likely import TOP
from opsguard_assets.scorecards.card.prospects_io import likely_at, predicted_at, shadow_at
from opsguard_assets.scorecards.kpis.figures import figures
from opsguard_assets.scorecards.kpis.io import Computed, compute
from opsguard_assets.scorecards.kpis.months import client_months
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS, ClientMonths, KpiRows
from opsguard_assets.scorecards.kpis.terms import terms
from opsguard_assets.scorecards.value.io import value_at
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.registry import CLIENTS, SITES
from opsguard_assets.tables.table import rows_of
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS
from resources.database import Database
from resources.lake import Lake

PROVIDER: Final = ""
_DOLLAR: Final = "USD"
_TICK: Final = timedelta(microseconds=1)
# Whose the provider's own card is.
_ALL: Final = {"en": "All clients", "de": "Alle Kunden"}


class NoCardError(LookupError):
    """There is nothing to make a card of; the message says why."""


@dataclass(frozen=True)
class Composed:
    """The card of a client, or why there is none.

    Attributes:
        client_id: The client; empty for the provider's own.
        card: The card; None where it failed.
        error: Why it failed; None where it did not.
    """

    client_id: str
    card: Card | None
    error: str | None = None


@dataclass(frozen=True)
class Cards:
    """What the cards of a month are made of, read once for all clients.

    Attributes:
        month: First day of the month.
        settings: Bands, plans, languages.
        computed: Key figures and rows of the view, the provider's own under the empty name.
        stored: Rows of `Kpis` that were stored: of months that were signed, what was signed.
        value: Rows of `ValueDelivered` of the month.
        clients: `client_id`, `name`, `timezone`, `currency`, `plan` as known at the moment.
        held: What clients received at the end of the month.
        prices: What they paid for a month by that: `client_id`, `price`.
        sites: `site_id`, `client_id`, `name`.
        likely: Rows of `likely.RISK`.
        shadow: Rows of `shadow.SHADOW` of the month.
        predictions: Rows of `predictions.predicted` of the month before: whose outcomes are known.
        vendors: Rows of `VendorMonths` of the month.
    """

    month: date
    settings: Settings
    computed: Computed
    stored: pl.DataFrame
    value: pl.DataFrame
    clients: pl.DataFrame
    held: Entitlements
    prices: pl.DataFrame
    sites: pl.DataFrame
    likely: pl.DataFrame
    shadow: pl.DataFrame
    predictions: pl.DataFrame
    vendors: pl.DataFrame

    @property
    def rows(self) -> dy.DataFrame[KpiRows]:
        """The rows behind all figures."""
        return self.computed.rows

    def compose(self, origin: Origin, wanted: Sequence[str] | None = None) -> Iterator[Composed]:
        """The cards of some clients, or of all and the provider's own; one that fails does not stop the others."""
        every = [*self.clients["client_id"].sort(), PROVIDER] if wanted is None else list(wanted)
        for client_id in every:
            try:
                yield Composed(client_id, self._card(client_id, origin))
            except Exception as error:  # noqa: BLE001 - the others are made all the same, and the run says who failed
                yield Composed(client_id, None, f"{type(error).__name__}: {error}")

    def _card(self, client_id: str, origin: Origin) -> Card:
        return compose(self._reader(client_id), self.month, self._material(client_id), REGISTRY, origin)

    def _reader(self, client_id: str) -> Reader:
        scorecards, name = self.settings.scorecards, client_id or None
        language, locale = scorecards.language_of(name), scorecards.locale_of(name)
        if name is None:
            zone = self.settings.operations.timezone
            return Reader(
                client_id=None, name=_ALL[language], timezone=zone, currency=_DOLLAR, language=language, locale=locale
            )
        found = self.clients.filter(pl.col("client_id") == name)
        if found.is_empty():
            raise NoCardError(f"no client {name!r} is known; `opsguard scorecard list` names those that are")
        row = found.row(0, named=True)
        mine = pl.col("client_id") == name
        in_force, prices = self.held.clients.filter(mine)["plan"], self.prices.filter(mine)["price"]
        return Reader(
            client_id=name,
            name=row["name"],
            timezone=row["timezone"],
            currency=row["currency"] or _DOLLAR,
            plan=in_force.item() if len(in_force) else None,
            features=tuple(features_held(self.held).filter(mine)["feature"]),
            sections=frozenset(sections_held(self.held).filter(mine)["section"]),
            language=language,
            locale=locale,
            price=prices.item() if len(prices) else None,
            price_currency=self.settings.plans.currency,
        )

    def _material(self, client_id: str) -> Material:
        mine = pl.col("client_id") == client_id
        sites = self.sites if client_id == PROVIDER else self.sites.filter(mine)
        counted = terms(REGISTRY, self.settings, pl.Series([client_id])).drop_nulls("per")
        own = pl.col("client_id").is_null() if client_id == PROVIDER else mine
        likely, predictions = self.likely.filter(mine), self.predictions.filter(mine)
        if client_id == PROVIDER:
            likely, predictions = _soonest(self.likely), _pooled(self.predictions)
        return Material(
            figures=_with_stored(self.computed.kpis.filter(mine), self.stored.filter(mine), self.month),
            rows=self.rows if client_id == PROVIDER else self.rows.filter(mine),
            value=self.value.filter(own),
            sites=dict(sites.select("site_id", "name").iter_rows()),
            likely=[_risk(row) for row in likely.iter_rows(named=True)],
            shadow=[_shadow(row) for row in self.shadow.filter(mine).iter_rows(named=True)],
            predictions=[_predicted(row) for row in predictions.iter_rows(named=True)],
            vendors=[_vendor(row) for row in self.vendors.iter_rows(named=True)] if client_id == PROVIDER else (),
            per=dict(counted.select("kpi", "per").iter_rows()),
        )


def read_cards(lake: Lake, database: Database, settings: Settings, month: date, as_of: datetime) -> Cards:
    """Reads and computes what the cards of a month are made of.

    Args:
        lake: A view of the lake (`Lake.at`), or the lake as it is now.
        database: Alerts, decisions, playbooks; asked where the view keeps nothing of them.
        settings: Bands, plans, languages.
        month: First day of the month, within the last 13.
        as_of: The moment.

    Raises:
        NoCardError: When no client is known, or the month lies outside of the months that are computed.
    """
    past = (Past.kept(lake) if lake.derived_versions is not None else None) or Past.read(database, as_of, month)
    computed = compute(lake, past, settings, as_of)
    if computed.kpis.is_empty():
        raise NoCardError("no client is known yet; `opsguard sync` loads the records of your sources")
    if month not in set(computed.months["month"]):
        raise NoCardError(f"{month:%Y-%m} is not one of the months that are computed: the last 13 and the running one")
    computed = with_provider(computed, settings)
    of_month = computed.months.filter(pl.col("month") == month)
    # Plans have days in the zone of operations; what begins with the next month is not of this one.
    following = month_after(month)
    closes = datetime(following.year, following.month, 1, tzinfo=ZoneInfo(settings.operations.timezone)) - _TICK
    known_at = min(closes, as_of)
    held = entitlements_at(lake, settings, known_at)
    clients = lake.known(CLIENTS, as_of).unique("client_id", keep="any").collect()
    sites = lake.known(SITES, as_of).select("site_id", "client_id", "name").collect()
    earlier = rows_of(ClientMonths, computed.months.filter(pl.col("month") == month_after(month, -1)))
    vendors = lake.known(VENDOR_MONTHS, as_of).filter(pl.col("month") == month).collect()
    stored = lake.scan(KPIS.derived_name).collect() if lake.exists(KPIS.derived_name) else KPIS.empty()
    return Cards(
        month=month,
        settings=settings,
        computed=computed,
        stored=stored,
        value=value_at(past, lake, settings, ALERT_TYPES, computed.rows, month, as_of),
        clients=clients.select("client_id", "name", "timezone", "currency", "plan"),
        held=held,
        prices=monthly_prices(lake, settings, held, known_at),
        sites=sites,
        likely=likely_at(lake, settings, as_of),
        shadow=shadow_at(lake, past, settings, of_month, as_of),
        predictions=predicted_at(lake, past, settings, earlier, as_of),
        vendors=vendors.sort("score", "vendor_id", descending=[True, False], nulls_last=True),
    )


def with_provider(computed: Computed, settings: Settings) -> Computed:
    """The same with the figures of all clients together, under the empty name; their sites stay with the clients."""
    zone = settings.operations.timezone
    house = pl.DataFrame({"client_id": [PROVIDER], "timezone": [zone]}, schema_overrides=CLIENTS.dtypes)
    missing = [pl.lit(None, kind).alias(name) for name, kind in CLIENTS.dtypes.items() if name not in house.columns]
    months = client_months(CLIENTS.rows(house.with_columns(missing)), computed.as_of)
    pooled = computed.rows.with_columns(client_id=pl.lit(PROVIDER), site_id=pl.lit(None, pl.String))
    through = dict(computed.kpis.select("kpi", "data_through").unique("kpi", keep="any").iter_rows())
    upto = computed.kpis["recorded_upto"].max()
    assert isinstance(upto, datetime)  # noqa: S101 - each client has a row of every figure
    ours = figures(KPI_ROWS.typed(pooled.lazy()), months, REGISTRY, settings, through, upto)
    return replace(computed, kpis=KPIS.rows(pl.concat([computed.kpis, ours])))


def _with_stored(fresh: pl.DataFrame, stored: pl.DataFrame, month: date) -> pl.DataFrame:
    """Fresh figures of the month itself, for those that are complete later of the one before; else the stored ones."""
    late = [name for name, kpi in REGISTRY.items() if kpi.months_late]
    is_own = (pl.col("month") == month) | (pl.col("kpi").is_in(late) & (pl.col("month") == month_after(month, -1)))
    others = stored.filter(~is_own)
    key = list(KPIS.key)
    return pl.concat(
        [fresh.filter(is_own), others, fresh.filter(~is_own).join(others, on=key, how="anti", nulls_equal=True)]
    )


def _soonest(likely: pl.DataFrame) -> pl.DataFrame:
    """Of what is likely at all clients, what comes first."""
    return likely.sort("by", "probability", descending=[False, True], nulls_last=True).head(TOP)


def _pooled(predictions: pl.DataFrame) -> pl.DataFrame:
    """Predictions of all clients together: counts add up, mean errors of clients of different size do not."""
    no_mean = {name: pl.lit(None, pl.Float64) for name in ("brier", "brier_base")}
    sums = predictions.group_by("problem", "scored_by").agg(pl.col("announced", "came_true", "expected").sum())
    return sums.with_columns(**no_mean).sort("problem", "scored_by")


def _risk(row: Mapping[str, Any]) -> Risk:
    own = {name: row[name] for name in ("kind", "entity_id", "name", "site", "by", "action")}
    return Risk(**own, probability=decimal(row["probability"]))


def _shadow(row: Mapping[str, Any]) -> Shadow:
    own = {name: row[name] for name in ("plan", "feature", "count")}
    return Shadow(**own, examples=tuple(row["examples"]))


def _predicted(row: Mapping[str, Any]) -> Predicted:
    own = {name: row[name] for name in ("problem", "announced", "came_true", "scored_by")}
    brier = {name: decimal(row[name]) for name in ("brier", "brier_base")}
    return Predicted(**own, **brier, expected=known(row["expected"]))


def _vendor(row: Mapping[str, Any]) -> Vendor:
    own = {name: row[name] for name in ("vendor_id", "trade", "grade", "jobs")}
    points = {name: decimal(row[name]) for name in ("score", "low", "high")}
    return Vendor(**own, **points, name=row["name"] or row["vendor_id"])
