"""What messages say about incidents, digests and escalations, in words for people on a phone.

Here: views and rows in, letters out. Not here: reading them (`letters_io`), forms of channels.

What is received (titles, names, reasons) is cleaned of control characters and of those that turn the direction of a
line. A number never stands alone: where a name is unknown, the view says what the number is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opsguard_assets.delivery.letter import Fact, Item, Letter
from opsguard_assets.tables.values import SEVERITIES
from opsguard_assets.views.clocks import day_clock, time_left
from opsguard_assets.views.incidents import IncidentView, and_more
from opsguard_assets.views.texts import line, shortened

# What a phone shows of a subject, and what a message shows of one value.
SUBJECT, VALUE, REASON = 120, 300, 500
_LEAST = 40  # of what is wrong, however long the rest is
_MOST_ITEMS = 20
_UNCERTAIN = "whether the helpdesk was changed is not known; look there"
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """For whom a letter is written.

    Attributes:
        zone: Their time zone.
        why: Why they get it, in words; None where nobody wrote that down.
        link: The address of the page, with a token of theirs; None where no web service is set up.
        is_inside: Whether they work for the provider. Others get no buttons and no commands.
    """

    zone: str
    why: str | None = None
    link: str | None = None
    is_inside: bool = True


def incident_letter(view: IncidentView, kind: str, reader: Reader, now: datetime, step: int = 0) -> Letter:
    """The letter about one incident.

    Args:
        view: The incident as it is now.
        kind: `raised`, `chain`, `update` or `resolved`.
        reader: For whom.
        now: The time that time left is counted from.
        step: Of the escalation chain.
    """
    headline = shortened(view.title, VALUE)
    is_over = view.state == "resolved"
    return Letter(
        subject=_subject(view, kind, now),
        headline=headline,
        severity=view.severity,
        is_over=is_over,
        notes=_notes(view, kind, step, reader.zone, now),
        facts=_facts(view, reader.zone, now),
        reasons=tuple(shortened(reason, REASON) for reason in view.why),
        about=f"incident/{view.incident_id}" if reader.is_inside and view.state == "open" else None,
        link=reader.link,
        command=f"opsguard incidents show {view.incident_id}" if reader.is_inside else None,
        footer=_footer(reader),
    )


def digest_letter(views: Sequence[IncidentView], reader: Reader, now: datetime) -> Letter:
    """The letter about several incidents that can wait, the greatest priority first; those that are over come last."""
    ordered = sorted(views, key=lambda view: (view.state == "resolved", -view.priority, view.incident_id))
    open_ones = sum(view.state != "resolved" for view in views)
    gravest = max((view.severity for view in views), key=SEVERITIES.index, default="low")
    many = "1 incident" if len(views) == 1 else f"{len(views):,} incidents"
    left = "all are over" if not open_ones else f"{open_ones:,} still open"
    notes = [f"{len(views) - _MOST_ITEMS:,} more are not shown here."] if len(views) > _MOST_ITEMS else []
    return Letter(
        subject=f"OpsGuard digest: {many}, {left}",
        headline=f"{many}, {left}",
        severity=gravest,
        is_over=not open_ones,
        notes=notes,
        items=tuple(_item(view, reader.zone, now) for view in ordered[:_MOST_ITEMS]),
        link=reader.link,
        command="opsguard incidents list",
        footer=_footer(reader),
        is_digest=True,
    )


def escalation_letter(row: Mapping[str, Any], title: str | None, where: str | None, zone: str, now: datetime) -> Letter:
    """The letter that a ticket was escalated, or could not be.

    Args:
        row: Of `escalations`, with `message` and `role` of the notice, `due_at`, and names `assignee` and `before`.
        title: What the ticket is called; None where that is unknown.
        where: Client and site by name; None where they are unknown.
        zone: The reader's time zone.
        now: The time that time left is counted from.
    """
    named = _ticket(row, title)
    facts = [
        Fact("Ticket", f"{named} (ticket {line(row['ticket_id'])})" if title else named),
        Fact("Where", where or "no site is known"),
        Fact("By when", _until(row["due_at"], zone, now)),
        Fact("What was done", _was_done(row)),
        Fact("Who has it", _handed_to(row)),
        Fact("Next", _escalation_next(row)),
    ]
    left = _left(row["due_at"], now)
    begin = f"{row['to_priority'].upper()}{f', {left}' if left else ''}"
    return Letter(
        subject=shortened(f"{begin}: {named} will probably miss its deadline", SUBJECT),
        headline=f"{named} will probably miss its deadline",
        severity=_severity(row),
        facts=facts,
        reasons=(shortened(row["reason"], REASON),),
        command="opsguard escalations list",
        footer=f"Why you: {row['role']} of the ticket" if row.get("role") else None,
    )


def escalations_letter(
    given: Sequence[tuple[Mapping[str, Any], str | None, str | None]], zone: str, now: datetime
) -> Letter:
    """The letter about several tickets that were escalated at once, the gravest first.

    Args:
        given: Of each ticket what `escalation_letter` takes: row, title, where.
        zone: The reader's time zone.
        now: The time that time left is counted from.
    """
    ordered = sorted(given, key=lambda one: (-SEVERITIES.index(_severity(one[0])), one[0]["due_at"] or _NEVER))
    gravest, headline = _severity(ordered[0][0]), f"{len(given):,} tickets will probably miss their deadline"
    more = len(given) - _MOST_ITEMS
    left = _left(min(one[0]["due_at"] or _NEVER for one in given), now)
    return Letter(
        subject=f"{gravest.upper()}{f', {left}' if left else ''}: {headline}",
        headline=headline,
        severity=gravest,
        notes=(f"{more:,} more are not shown here.",) if more > 0 else (),
        items=tuple(
            Item(
                title=f"{_severity(row).upper()}: {_ticket(row, title)}, {where or 'no site is known'}",
                detail=f"By when: {_until(row['due_at'], zone, now)}. {_capital(_was_done(row))}. "
                f"Who has it: {_handed_to(row)}. Next: {_escalation_next(row)}.",
                command=f"opsguard alerts explain {line(row['ticket_id'])}",
            )
            for row, title, where in ordered[:_MOST_ITEMS]
        ),
        command="opsguard escalations list",
        footer="Why you: the tickets concern you",
    )


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _ticket(row: Mapping[str, Any], title: str | None) -> str:
    return shortened(title, VALUE) if title else f"ticket {line(row['ticket_id'])}"


def _severity(row: Mapping[str, Any]) -> str:
    return str(row["to_priority"]) if row["to_priority"] in SEVERITIES else "high"


def _was_done(row: Mapping[str, Any]) -> str:
    raised = f"raised from {row['from_priority']} to {row['to_priority']}"
    if row["from_priority"] == row["to_priority"]:  # it was given to somebody
        did = {"done": f"priority stays {row['to_priority']}", "failed": "the helpdesk could not be changed"}
        return did.get(row["state"], _UNCERTAIN)
    if row["state"] == "done":
        return f"priority {raised}"
    if row["state"] == "failed":
        return f"priority could not be {raised}"
    return _UNCERTAIN


def _handed_to(row: Mapping[str, Any]) -> str:
    now, before = row.get("assignee"), row.get("before")
    if now is None:
        return "nobody"
    return line(now) if now == before or before is None else f"{line(now)}, before {line(before)}"


def _escalation_next(row: Mapping[str, Any]) -> str:
    if row["state"] == "done":
        return "see to the ticket in the helpdesk before its deadline"
    if row["state"] == "failed":
        return "change the ticket in the helpdesk by hand, and see to it"
    return "look in the helpdesk whether the ticket was changed, and see to it"


def _subject(view: IncidentView, kind: str, now: datetime) -> str:
    """Severity, time left, what, how much more, where: a phone shows the first forty characters.

    What gives way to how much more and where.
    """
    if view.state == "resolved":
        begin = "Resolved"
    elif view.state == "acknowledged":
        begin = f"{line(view.acknowledged_by or 'somebody')} has it"
    else:
        begin = view.severity.upper()
        due = _left(view.due_at, now)
        begin = f"{begin}, {due}" if due else begin
        begin = f"Reminder: {begin}" if kind == "chain" else begin
    end = f"{and_more(view.others)}{_at(view, view.topic)}"
    topic = shortened(view.topic, max(_LEAST, SUBJECT - len(begin) - len(end) - len(": ")))
    return shortened(f"{begin}: {topic}{end}", SUBJECT)


def _at(view: IncidentView, headline: str) -> str:
    """Client and site, as far as the headline does not name them."""
    parts = [part for part in (view.where or "").split(", ") if part and part not in headline]
    where = shortened(", ".join(parts), 80)
    if not where:
        return ""
    return f" ({where})" if len(parts) < len((view.where or "").split(", ")) else f" at {where}"


def _left(due: datetime | None, now: datetime) -> str | None:
    """The time left until a deadline that is ahead; None where there is none."""
    return time_left(_minutes(due, now)) if due is not None and now <= due < _NEVER else None


def _minutes(due: datetime, now: datetime) -> int:
    return int((due - now).total_seconds() // 60)


def _notes(view: IncidentView, kind: str, step: int, zone: str, now: datetime) -> tuple[str, ...]:
    if view.state == "resolved":
        at = f" {day_clock(view.resolved_at, now, zone)}" if view.resolved_at else ""
        return (f"Resolved{at}. Nothing is to be done any more.",)
    if view.state == "acknowledged":
        return (f"{line(view.acknowledged_by or 'Somebody')} has acknowledged this.",)
    notes = ["Lives may depend on it."] if view.is_life_safety else []
    if kind == "chain":
        since = day_clock(view.opened_at, now, zone)
        notes.append(f"Nobody has acknowledged this since {since}; reminder {step}." if step else "Still open.")
    return tuple(notes)


def _facts(view: IncidentView, zone: str, now: datetime) -> list[Fact]:
    facts = [
        Fact("What", shortened(view.what, VALUE)),
        Fact("Where", shortened(view.where, VALUE) if view.where else "at no site"),
    ]
    if view.state != "resolved":
        facts += [
            Fact("By when", _until(view.due_at, zone, now)),
            Fact("Who has it", shortened(view.holder, VALUE)),
            Fact("Next", shortened(view.next_step, VALUE)),
        ]
    return facts


def _until(due: datetime | None, zone: str, now: datetime) -> str:
    return "no deadline" if due is None else f"{day_clock(due, now, zone)} ({time_left(_minutes(due, now))})"


def _item(view: IncidentView, zone: str, now: datetime) -> Item:
    if view.state == "resolved":
        detail = "Resolved."
    else:
        holder, step = shortened(view.holder, 120), shortened(view.next_step, 200)
        detail = f"By when: {_until(view.due_at, zone, now)}. Who has it: {holder}. Next: {step}."
    title = shortened(f"{view.severity.capitalize()}: {line(view.title)}{_at(view, view.title)}", VALUE)
    return Item(title, detail, f"opsguard incidents show {view.incident_id}")


def _footer(reader: Reader) -> str | None:
    return shortened(f"Why you: {reader.why}", VALUE) if reader.why else None
