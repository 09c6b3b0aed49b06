"""Starts and supervises runs: each names its process, and run monitoring detects when that process is gone.

Here: the executor of all jobs, the launcher of an installation's `dagster.yaml`. Not here: what unfinished runs mean
for the next tick (`runs`).

Dagster's own launcher cannot tell whether a run's process still lives: code server and run killed together (memory,
power) leave a run "started" for ever.
"""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.executor_definition import IN_PROC_CONFIG, _core_in_process_executor_creation
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from resources.processes import this_mark
from sensors.connections import kept_open
from sensors.runs import PROCESS_TAG, is_lost


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, whose runs are reported as failed once their process on this machine is gone."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Runs name their process, so there is something to check."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed where the process is known to be gone; a run of another machine is left to its limit."""
        if is_lost(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "the process of this run is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


class _NamingExecutor(InProcessExecutor):
    """Writes the mark of this process into the run before its first step."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        """The events of a run."""
        with kept_open(plan_context.instance):
            plan_context.instance.add_run_tags(plan_context.run_id, {PROCESS_TAG: this_mark()})
            yield from super().execute(plan_context, execution_plan)


@dg.executor(name="in_process", config_schema=IN_PROC_CONFIG)
def naming_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """All steps in the process of the run, which says in its tags which process that is."""
    plain = _core_in_process_executor_creation(context.executor_config)
    return _NamingExecutor(plain.retries, plain.step_dependency_config)
