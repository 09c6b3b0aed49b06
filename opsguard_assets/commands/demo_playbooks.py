"""What playbooks would do about the alerts of a demo: one row per playbook.

Here: running the job once, and the rows. Not here: executions (`opsguard_assets.remediation`), the demo's other parts.
"""

from collections import Counter

from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.session import Session
from opsguard_assets.remediation.engine.assets import REMEDIATE_JOB
from opsguard_assets.remediation.engine.log_io import executions, one
from opsguard_assets.remediation.playbook.steps import ACTIONS
from resources.progress import Silent

_MOST = 1_000


def rehearse(session: Session) -> list[dict[str, str | int]]:
    """Advances what alerts have started, and says of each playbook what it would do about the newest of its alerts."""
    run_job(session, REMEDIATE_JOB, progress=Silent())
    database = session.installation.database
    rows = executions(database, limit=_MOST)
    about = Counter(row["playbook"] for row in rows)
    newest = {row["playbook"]: row for row in reversed(rows)}
    return [
        {
            "playbook": name,
            "mode": newest[name]["mode"],
            "alerts": about[name],
            "the newest of them": str(newest[name]["title"]),
            "what it would do": "; ".join(
                str(step["words"]).removeprefix("would: ")
                for step in one(database, newest[name]["execution_id"])["steps"]
                if ACTIONS[step["action"]].trait.acts
            ),
        }
        for name in sorted(about)
    ]
