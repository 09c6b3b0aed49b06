"""What settings of plans change: who receives which feature, and what it costs."""

from datetime import date

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitlements, features_held
from opsguard_assets.entitlements.prices import STATE, lines
from tests.config.consequences.given import Seen, plain

_ON = date(2026, 3, 2)
_CLIENTS = pl.DataFrame({"client_id": ["b", "s", "g"], "plan": ["bronze", "silver", "gold"]})


def received(settings: Settings) -> Seen:
    """Which features three clients receive."""
    return plain(features_held(entitlements(_CLIENTS, settings.plans, _ON)))


def paid(settings: Settings) -> Seen:
    """What three clients pay; one of them has an add-on."""
    clients = {"b": {"add": ["remediation"]}, **settings.plans.clients}
    plans = settings.plans.model_copy(update={"clients": type(settings.plans)(clients=clients).clients})
    states = _CLIENTS.with_columns(on=_ON, is_trial=False, is_ended=False, sites=3, devices=7).cast(
        {"sites": pl.Int64, "devices": pl.Int64}
    )
    return settings.plans.currency, plain(lines(states.select(STATE.names()), plans))
