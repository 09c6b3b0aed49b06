"""How old what a cadence computes may become: the same for all assets of a job.

Here: from the time between two ticks to a policy. Not here: cadences, and assets that know better themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import dagster as dg

from opsguard_assets.pace import late_after, stale_after


def policy_of(every: timedelta) -> dg.FreshnessPolicy:
    """A warning where a result is late, a fault where it is later still."""
    return dg.FreshnessPolicy.time_window(fail_window=stale_after(every), warn_window=late_after(every))


def with_freshness(
    assets: Iterable[dg.AssetsDefinition], every: Mapping[dg.AssetKey, timedelta]
) -> Sequence[dg.AssetsDefinition]:
    """Assets with the policy of their cadence, where they have none of their own.

    Args:
        assets: All assets.
        every: Time between two ticks of those that have a cadence.
    """

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key not in every or spec.freshness_policy is not None:
            return spec
        return spec.replace_attributes(freshness_policy=policy_of(every[spec.key]))

    return [asset.map_asset_specs(fresh) for asset in assets]
