"""How old what a cadence computes may become: the same for all assets of a job.

Here: from a cadence to a policy. Not here: cadences.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from opsguard_assets.cadence import Cadence


def policy_of(cadence: Cadence) -> dg.FreshnessPolicy:
    """A warning where a result is late, a fault where it is later still."""
    return dg.FreshnessPolicy.time_window(fail_window=cadence.stale_after, warn_window=cadence.late_after)


def with_freshness(
    assets: Iterable[dg.AssetsDefinition], cadences: Mapping[dg.AssetKey, Cadence]
) -> Sequence[dg.AssetsDefinition]:
    """Assets with the policy of their cadence.

    Args:
        assets: All assets.
        cadences: How often those are computed that have a cadence.
    """

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key not in cadences:
            return spec
        return spec.replace_attributes(freshness_policy=policy_of(cadences[spec.key]))

    return [asset.map_asset_specs(fresh) for asset in assets]
