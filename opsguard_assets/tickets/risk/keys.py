"""The names that ticks of SLA risk go by. Not here: computing one."""

from opsguard_assets.metadata import key_of
from opsguard_assets.tickets.risk.schemas import SLA_RISK

SLA_RISK_KEY = key_of(SLA_RISK)
