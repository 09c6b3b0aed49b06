"""What people can do from a message or a page, by names that its buttons carry.

Here: names of actions, and what they are about as text. Not here: doing it (`web.acting`).
"""

import re
from dataclasses import dataclass
from typing import Literal

ACKNOWLEDGE, EXPLAIN = "acknowledge", "explain"
USEFUL, NOISE, WRONG = "useful", "noise", "wrong"
VERDICTS = (USEFUL, NOISE, WRONG)
APPROVE, DENY, YES, NO = "approve", "deny", "yes", "no"
# What answers a question, and whether it agrees.
ANSWERS = {APPROVE: True, DENY: False, YES: True, NO: False}
# What each kind of question can be answered with.
ANSWERS_OF = {"approval": (APPROVE, DENY), "offer": (YES, NO)}
# The names of buttons: `action_id` of Slack's elements; their `value` is a subject.
ACTIONS = (ACKNOWLEDGE, *VERDICTS, EXPLAIN, *ANSWERS)
# At most 18 digits, which the database can hold: what comes from outside is looked up there.
_SUBJECT = re.compile(r"^(alert|incident|approval|offer|satisfaction)/([1-9][0-9]{0,17})$")


@dataclass(frozen=True)
class Subject:
    """What an action is about: one alert or incident, one question of a playbook, or one to a client's contact.

    Attributes:
        kind: Which of them.
        number: Its number.
    """

    kind: Literal["alert", "incident", "approval", "offer", "satisfaction"]
    number: int

    def __str__(self) -> str:
        """As text: `incident/3`."""
        return f"{self.kind}/{self.number}"


def subject_of(words: str) -> Subject:
    """The subject that a text names.

    Raises:
        ValueError: When it names none.
    """
    found = _SUBJECT.fullmatch(words)
    if found is None:
        raise ValueError("a subject is written like incident/3, alert/17, approval/7 or offer/2")
    return Subject(found[1], int(found[2]))  # type: ignore[arg-type]
