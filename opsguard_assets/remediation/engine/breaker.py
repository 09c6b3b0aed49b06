"""When a playbook pauses itself. Not here: counting how its executions ended, and pausing it (`moves_io`)."""

from collections.abc import Sequence
from typing import Final

from opsguard_assets.config.remediation import Breaker

# Who pauses it, as its row says.
BREAKER: Final = "breaker"
# How an execution ended that shows that its playbook does not work.
FAILURES: Final = ("failed", "unknown")
JUDGED: Final = ("succeeded", "partial", *FAILURES)


def why_to_pause(in_a_row: int, last: Sequence[str], rules: Breaker) -> str | None:
    """Why a playbook has to stop; None where it may go on.

    Args:
        in_a_row: Its failures in a row.
        last: How its last executions ended, the newest first: words of `JUDGED`.
        rules: The limits.
    """
    if in_a_row >= rules.failures_in_a_row:
        return f"{in_a_row} executions in a row failed"
    failed = sum(state in FAILURES for state in last)
    if len(last) >= rules.of_last and failed / len(last) > rules.failed_share:
        return f"{failed} of the last {len(last)} executions failed"
    return None
