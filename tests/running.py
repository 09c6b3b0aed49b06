"""Ticks as Dagster runs them, without what follows from their alerts, for tests that look at nothing of that.

Here: the part of a job that belongs to its own domain. Not here: whole jobs, which `opsguard demo` runs in
`tests/commands/test_cli.py`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

# What any alert leads to, whatever raised it.
FOLLOWING = frozenset({"triage", "incidents", "delivery", "remediation"})
PRIORITIES = "priorities"


def own_part(defs: dg.Definitions, name: str) -> dg.JobDefinition:
    """A job without the steps that follow from alerts: half of its time or more."""
    graph, job = defs.resolve_asset_graph(), defs.resolve_job_def(name)
    own = {
        key
        for key in job.asset_layer.executable_asset_keys
        if graph.get(key).group_name not in FOLLOWING and key.path[-1] != PRIORITIES
    }
    return job.get_subset(asset_selection=own)


def run_own_part(job: dg.JobDefinition, config: Mapping[str, Any], **how: Any) -> dg.ExecuteInProcessResult:
    """Runs such a part with the configuration of its whole job."""
    names = {node.name for node in job.nodes}
    kept = {name: given for name, given in config.get("ops", {}).items() if name in names}
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process({**config, "ops": kept}, instance=instance, **how)
