"""What a demo would have sent: every channel writes files in place of sending, and the files are read again.

Here: settings that send nothing, one round, its messages. Not here: the files (`opsguard_assets.delivery`).
"""

import json
from dataclasses import replace
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path

from opsguard_assets.commands.jobs import run_job
from opsguard_assets.commands.session import Session
from opsguard_assets.config.delivery import Delivery, FolderChannel
from opsguard_assets.delivery.assets import DELIVER_JOB
from opsguard_assets.delivery.channels_io import MAILBOX
from opsguard_assets.delivery.deliver_io import messages
from opsguard_assets.views.names import with_readers
from resources.progress import Silent

_MOST = 500


def sending_nothing(session: Session, mailbox: Path | None) -> Session:
    """The session with settings by which nobody is sent anything: a demo must not write to real people.

    Nothing waits for further alerts either (`routing.group_wait_seconds`): a demo is over before they come.
    """
    folder = (mailbox or session.installation.environment.home / MAILBOX).expanduser().resolve()
    channels = {
        name: FolderChannel(form=channel.renders or "mail", folder=str(folder))
        for name, channel in session.settings.delivery.all_channels.items()
    }
    delivery = Delivery.model_validate({**dict(session.settings.delivery), "channels": channels})
    routing = session.settings.routing.model_copy(update={"group_wait_seconds": 0})
    return replace(session, settings=session.settings.model_copy(update={"delivery": delivery, "routing": routing}))


def write_messages(session: Session) -> list[dict[str, str]]:
    """Runs a round, and gives the messages that lie in the mailbox now: to whom, by what, and their subject.

    Those about incidents come first.
    """
    run_job(session, DELIVER_JOB, progress=Silent())
    rows = with_readers(session.installation.lake, messages(session.installation.database, ("done",), _MOST))
    written = []
    for row in sorted(rows, key=lambda row: row["incident_id"] is None):
        file = Path(str(row["answer"]).rpartition("it lies in ")[2])
        if file.suffix in {".eml", ".json"} and file.is_file():
            written.append({"to": row["who"], "by": row["channel"], "message": subject_of(file)})
    return written


def subject_of(file: Path) -> str:
    """What a message in the mailbox is about."""
    if file.suffix == ".json":
        return unescape(str(json.loads(file.read_text(encoding="utf-8"))["text"]))  # Slack wants & < > escaped
    return str(message_from_bytes(file.read_bytes(), policy=policy.default)["Subject"])
