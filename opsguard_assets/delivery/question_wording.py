"""What messages say about questions of playbooks (approvals, offers of shifts), and what playbooks tell people.

Here: views in, letters out. Not here: reading them (`questions_io`), incidents (`wording`), forms of channels.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsguard_assets.delivery.letter import Choice, Fact, Letter, Section
from opsguard_assets.delivery.wording import REASON, SUBJECT, VALUE, Reader
from opsguard_assets.views.actions import APPROVE, DENY, NO, YES
from opsguard_assets.views.alerts import place_of
from opsguard_assets.views.attachments import Attachment
from opsguard_assets.views.clocks import day_clock, span, time_left
from opsguard_assets.views.questions import ApprovalView, OfferView, Planned, Question, agreement
from opsguard_assets.views.texts import line, shortened

_MOST_STEPS, _MOST_TABLES = 12, 3
_FINAL = "Nothing takes this back."


def approval_letter(view: ApprovalView, reader: Reader, now: datetime, found: Sequence[Attachment] = ()) -> Letter:
    """The letter that asks for an approval, or says how it ended.

    Args:
        view: The approval as it is now.
        reader: For whom.
        now: The time that time left is counted from.
        found: What playbooks attached to the alert.
    """
    title = shortened(view.title, VALUE)
    notes = [view.outcome] if view.outcome else [_until(view, reader.zone, now)]
    if view.is_open and view.is_final:
        notes.append(f"{_FINAL} Look twice.")
    begin = "Over" if not view.is_open else f"Approval needed, {_left(view, now)}"
    return Letter(
        subject=shortened(f"{begin}: {title}{_at(view)}", SUBJECT),
        headline=shortened(f"Approval needed: {title}", VALUE) if view.is_open else title,
        severity=view.alert["severity"],
        is_over=not view.is_open,
        notes=tuple(shortened(note, REASON) for note in notes),
        facts=_approval_facts(view, reader.zone, now),
        reasons=_reasons(view) if view.is_open else (),
        sections=(*steps_sections(view.steps), *(sections_of(found) if view.is_open else ())),
        choices=_approval_choices(view) if view.is_open else (),
        about=view.about if view.is_open else None,
        link=reader.link,
        command=f"opsguard playbook log {view.execution_id}",
        footer=shortened(f"Why you: {reader.why}", VALUE) if reader.why else None,
    )


def offer_letter(view: OfferView, reader: Reader, now: datetime) -> Letter:
    """The letter that offers a shift to one person, or says how it ended.

    Args:
        view: The offer as it is now.
        reader: For whom.
        now: The time that time left is counted from.
    """
    zone = view.zone or reader.zone
    when = shift_time(view, zone, now)
    begin = "Can you take a shift?" if view.is_open else "Offer of a shift, over:"
    facts = [Fact("Where", shortened(view.where, VALUE) if view.where else "unknown"), Fact("When", when)]
    if view.post:
        facts.append(Fact("Post", shortened(view.post, VALUE)))
    if view.is_open:
        facts.append(Fact("Answer by", f"{day_clock(view.expires_at, now, reader.zone)} ({_left(view, now)})"))
    facts.append(Fact("Next", shortened(view.next_step, VALUE)))
    note = view.outcome or "The first who says yes has the shift. After the time to answer, somebody else is asked."
    return Letter(
        subject=shortened(f"{begin} {line(view.site)}, {when}", SUBJECT),
        headline=shortened(f"{begin} {line(view.site)}, {when}", VALUE),
        severity="high",
        is_over=not view.is_open,
        notes=(note,),
        facts=facts,
        choices=(Choice(YES, "Yes, I take it", is_yes=True), Choice(NO, "No", is_yes=False)) if view.is_open else (),
        about=view.about if view.is_open else None,
        link=reader.link,
        footer=shortened(f"Why you: {reader.why}", VALUE) if reader.why else None,
    )


def playbook_letter(
    alert: Mapping[str, Any], said: Mapping[str, Any], reader: Reader, now: datetime, found: Sequence[Attachment] = ()
) -> Letter:
    """The letter by which a playbook tells people something about an alert.

    Args:
        alert: As `views.alerts.described` gives it.
        said: `words`, `playbook`, `execution_id`, and `incident_id` where its alert is in an open one.
        reader: For whom.
        now: The time that time left is counted from.
        found: What playbooks attached to the alert.
    """
    headline, words = shortened(alert["title"], VALUE), shortened(said["words"], 1_000)
    is_over = alert["state"] == "resolved"
    facts = [Fact("Where", shortened(place_of(alert) or "at no site", VALUE))]
    if not is_over:
        due = "no deadline"
        if alert["due_at"] is not None:
            due = f"{day_clock(alert['due_at'], now, reader.zone)} ({time_left(alert['minutes_left'])})"
        holder, step = shortened(alert["holder"], VALUE), shortened(alert["next"], VALUE)
        facts += [Fact("By when", due), Fact("Who has it", holder), Fact("Next", step)]
    facts.append(Fact("Told by", shortened(f"playbook {said['playbook']}, execution {said['execution_id']}", VALUE)))
    incident = said.get("incident_id")
    return Letter(
        subject=shortened(f"{words} ({alert['severity']})" if words else headline, SUBJECT),
        headline=headline,
        severity=alert["severity"],
        is_over=is_over,
        notes=(words,) if words else (),
        facts=facts,
        reasons=tuple(shortened(reason, REASON) for reason in alert["why"]),
        sections=sections_of(found),
        about=f"incident/{incident}" if incident is not None and alert["state"] == "open" else None,
        link=reader.link,
        command=f"opsguard alerts show {alert['alert_id']}",
        footer=shortened(f"Why you: {reader.why}", VALUE) if reader.why else None,
    )


def steps_sections(steps: Sequence[Planned]) -> tuple[Section, ...]:
    """What would be done with every change as before → after, and what undoing it would do."""
    shown = steps[:_MOST_STEPS]
    does: list[str] = []
    for number, step in enumerate(shown, 1):
        does.append(f"{number}. {shortened(step.words, VALUE)}")
        does += [f"   {shortened(change, VALUE)}" for change in step.changes]
    if len(steps) > len(shown):
        does.append(f"and {len(steps) - len(shown)} more steps")
    undone = [
        f"{number}. {shortened(step.undo, VALUE) if step.undo else _FINAL}" for number, step in enumerate(shown, 1)
    ]
    return (
        Section("What would be done", does or ["nothing"]),
        Section("What undoing it would do", undone or ["nothing"]),
    )


def sections_of(found: Sequence[Attachment]) -> tuple[Section, ...]:
    """Attachments in short: the tables that are nearest to the alert, and what else there is."""
    sections: list[Section] = []
    for each in found:
        for table in each.tables[:_MOST_TABLES]:
            more = f", {len(table.rows)} of {table.total}" if table.total > len(table.rows) else ""
            heading = f"{each.title}: {table.name}{more}"
            sections.append(Section(heading, table.lines, table.columns, table.rows))
        others = ", ".join(f"{table.name} {table.total}" for table in each.tables[_MOST_TABLES:])
        if others:
            sections.append(Section(f"{each.title}: also found", (f"{others}; the page has them.",)))
        if each.notes:
            sections.append(Section(each.title, each.notes))
    return tuple(sections)


def shift_time(view: OfferView, zone: str, now: datetime) -> str:
    """When the shift is, on the clock of its site."""
    if view.starts_at is None:
        return f"shift {line(str(view.alert['entity_id']))}"
    begins = day_clock(view.starts_at, now, zone)
    if view.ends_at is None:
        return begins
    return f"{begins} to {day_clock(view.ends_at, now, zone)}"


def _approval_facts(view: ApprovalView, zone: str, now: datetime) -> list[Fact]:
    subject = f" (“{shortened(view.alert['subject'], 100)}”)" if view.alert["subject"] else ""
    facts = [
        Fact("What is wrong", f"{shortened(view.alert['title'], VALUE)}{subject}"),
        Fact("Where", shortened(view.where, VALUE) if view.where else "at no site"),
    ]
    if view.is_open:
        facts.append(Fact("Answer by", f"{day_clock(view.expires_at, now, zone)} ({_left(view, now)})"))
        if view.alert["due_at"] is not None:
            left = time_left(view.alert["minutes_left"])
            facts.append(Fact("Deadline of the alert", f"{day_clock(view.alert['due_at'], now, zone)} ({left})"))
    elif view.decided_at is not None:
        facts.append(Fact("Decided", day_clock(view.decided_at, now, zone)))
    facts += [
        Fact("Who has to agree", shortened(agreement(view), VALUE)),
        Fact("Asked by", shortened(f"playbook {view.playbook}, started by {view.requester}", VALUE)),
        Fact("Next", shortened(view.next_step, VALUE)),
    ]
    return facts


def _approval_choices(view: ApprovalView) -> tuple[Choice, ...]:
    confirm = f"{_FINAL} {shortened(view.title, 200)}" if view.is_final else None
    return (Choice(APPROVE, "Approve", is_yes=True, confirm=confirm), Choice(DENY, "Deny", is_yes=False))


def _until(view: Question, zone: str, now: datetime) -> str:
    return f"Without an answer by {day_clock(view.expires_at, now, zone)} it is not done."


def _left(view: Question, now: datetime) -> str:
    return f"{span(max(view.expires_at - now, timedelta(0)))} left"


def _reasons(view: Question) -> tuple[str, ...]:
    return tuple(shortened(reason, REASON) for reason in view.alert["why"])


def _at(view: Question) -> str:
    return f" ({shortened(view.where, 80)})" if view.where else ""
