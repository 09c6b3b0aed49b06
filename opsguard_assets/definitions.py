"""The code location that Dagster loads. Not here: anything but the call."""

from opsguard_assets.build import build_defs

defs = build_defs()
