"""The texts of steps, filled in: names from outside are made harmless and are never read as placeholders.

Here: what a placeholder is replaced by. Not here: which there are (`playbook.steps`), escaping for a medium.
"""

from opsguard_assets.remediation.actions.action import Situation
from opsguard_assets.views.texts import line

_LONGEST = 300


def filled(text: str, situation: Situation) -> str:
    """A text of a step about its alert. What is not known is written as "unknown"."""
    alert = situation.alert
    places = [alert.get("site_id"), alert.get("client_id")]
    known = {
        "what": alert["title"],
        "where": ", ".join(str(place) for place in places if place) or None,
        "entity": alert["entity_id"],
        "site": alert.get("site_id"),
        "client": alert.get("client_id"),
        "alert": alert["alert_id"],
        "playbook": situation.playbook,
    }
    return text.format_map({name: line(str(value or "unknown"))[:_LONGEST] for name, value in known.items()})


def actor_of(situation: Situation) -> str:
    """Who acts, for histories."""
    return f"playbook {situation.playbook}"
