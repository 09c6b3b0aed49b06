"""The life of alerts as one slow walk over dictionaries: what the statements must do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

RANK = {"low": 1, "medium": 2, "high": 3, "critical": 4}


@dataclass
class Alert:
    key: str
    severity: str
    state: str
    first_seen: datetime
    last_seen: datetime
    occurrences: int = 1
    openings: int = 1
    resolved_at: datetime | None = None
    resolution: str | None = None
    awaits: bool = False
    before_mute: str | None = None


@dataclass
class World:
    """Everything there is: alerts in the order of their birth, mutes, and the decisions of each tick."""

    alerts: list[Alert] = field(default_factory=list)
    mutes: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    decisions: dict[datetime, dict[str, str]] = field(default_factory=dict)
    newest: datetime | None = None

    def last(self, key):
        return next((alert for alert in reversed(self.alerts) if alert.key == key), None)

    def tick(self, findings, as_of, reopen_within=timedelta(minutes=60)):
        """`findings`: key to (severity, is_raising, withheld)."""
        if as_of in self.decisions:
            return
        if self.newest is not None and as_of < self.newest:
            self.decisions[as_of] = dict.fromkeys(findings, "late tick")
            return
        decided = {key: self._decide(key, *finding, as_of, reopen_within) for key, finding in findings.items()}
        for alert in self.alerts:
            if alert.key in findings:
                continue
            alert.awaits = False
            if alert.state != "resolved":
                alert.state, alert.before_mute = "resolved", None
                alert.resolved_at, alert.resolution = as_of, "cleared"
                decided[alert.key] = "cleared"
        self.decisions[as_of], self.newest = decided, as_of

    def _decide(self, key, severity, is_raising, withheld, as_of, reopen_within):  # noqa: PLR0911 - a walk
        alert = self.last(key)
        muted = any(entity == key.split(":")[1] and begins <= as_of < ends for entity, begins, ends in self.mutes)
        if alert is not None and alert.state != "resolved":
            if withheld in ("grouped under its site", "expired"):
                alert.state, alert.before_mute = "resolved", None
                alert.resolved_at, alert.resolution = as_of, withheld
                return withheld
            return self._meet(alert, severity, is_raising, muted, as_of)
        if not is_raising:
            return "below the threshold"
        if withheld:
            return withheld
        if alert is not None and alert.awaits and RANK[severity] <= RANK[alert.severity]:
            return "resolved by a person"
        if muted:
            self.alerts.append(Alert(key, severity, "suppressed", as_of, as_of, before_mute="open"))
            return "muted"
        comes_back = alert is not None and alert.resolution in ("cleared", "grouped under its site")
        if comes_back and alert.resolved_at >= as_of - reopen_within:
            alert.state, alert.severity, alert.last_seen = "open", severity, as_of
            alert.occurrences, alert.openings = alert.occurrences + 1, alert.openings + 1
            alert.resolved_at = alert.resolution = None
            return "reopened"
        self.alerts.append(Alert(key, severity, "open", as_of, as_of))
        return "raised"

    @staticmethod
    def _meet(alert, severity, is_raising, muted, as_of):
        alert.severity, alert.last_seen, alert.occurrences = severity, as_of, alert.occurrences + 1
        if muted:
            if alert.state != "suppressed":
                alert.before_mute, alert.state = alert.state, "suppressed"
            return "muted"
        if alert.state == "suppressed":
            alert.state, alert.before_mute = alert.before_mute, None
            return "mute ended"
        return "refreshed" if is_raising else "held by hysteresis"

    def acknowledge(self, key):
        alert = self.last(key)
        if alert is None or alert.state == "resolved":
            return
        if alert.state == "suppressed":
            alert.before_mute = "acknowledged"
        else:
            alert.state = "acknowledged"

    def resolve(self, key, at):
        alert = self.last(key)
        if alert is None or alert.state == "resolved":
            return
        alert.state, alert.before_mute, alert.resolved_at = "resolved", None, at
        alert.resolution, alert.awaits = "by a person", True
