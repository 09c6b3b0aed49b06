"""A folder in place of a channel: what would have been sent lies there as files, and nothing is sent.

Here: writing a file once. Not here: what is in it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from resources.answers import Answer, Outcome
from resources.channels.handed_over import HandedOver


@dataclass(frozen=True, kw_only=True)
class FolderChannel:
    """A folder.

    Attributes:
        folder: Where files are written; made when the first one is.
    """

    folder: Path

    def write(self, name: str, content: bytes) -> HandedOver:
        """Writes a file under its name, whole or not at all; the same name again replaces it."""
        place = self.folder / name
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(place)
        except OSError as error:
            return HandedOver(Answer(Outcome.NOT_REACHED, f"{self.folder} cannot be written to: {error.strerror}"))
        words = f"not sent: no delivery is set up for this channel; it lies in {place}"
        return HandedOver(Answer(Outcome.DONE, words), {"file": str(place)})
