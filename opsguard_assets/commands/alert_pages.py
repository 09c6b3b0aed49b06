"""Prints alerts: a list for a terminal or a pipe, and a page for one alert. Not here: the content (`views.alerts`)."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import typer

from opsguard_assets.commands.session import print_rows
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import meaning
from opsguard_assets.views.alerts import LOST, TIMELESS
from opsguard_assets.views.attachments import Attachment
from opsguard_assets.views.clocks import clock, span
from opsguard_assets.views.evidence import facts_of
from opsguard_assets.views.texts import line

Row = dict[str, Any]
_NARROWEST, _WIDEST = 60, 120


def print_alerts(rows: Sequence[Row], zone: str) -> None:
    """Prints alerts: three lines each in a terminal, one line each in a pipe or file.

    Args:
        rows: Rows of `views.alerts.described`.
        zone: For alerts at no site that is known; the others are in the zone of their site.
    """
    width = _width()
    for row in rows:
        standing = f"{row['alert_id']:>5}  {_priority(row):<4}  {row['severity']:<8}  {row['state']:<12}"
        parts = [f"{standing}  {_due(row, row['site_zone'] or zone)}", line(row["title"])]
        subject = f"“{line(row['subject'])}”" if row["subject"] else None
        tail = [subject, _where(row), f"held by {line(row['holder'])}", f"next: {line(row['next'])}"]
        why = f"why: {line('; '.join(row['why']))}" if row["why"] else None
        if width is None:
            typer.echo("  ".join(part for part in (*parts, *tail, why) if part))
            continue
        typer.echo(parts[0])
        _indented(parts[1], width)
        _indented(" · ".join(part for part in tail if part), width)
        if why:
            _indented(why, width)
        typer.echo()


def print_alert(row: Row, past: Mapping[str, Sequence[Row]], settings: Settings) -> None:
    """Prints one alert: what, where, why, priority, deadline, owner, next step, evidence and what happened to it.

    Args:
        row: A row of `views.alerts.described`.
        past: `history`, `priorities` and `feedback` (`alerts.queries`).
        settings: The thresholds that its meaning names; the zone of an alert at no site that is known.
    """
    zone = row["site_zone"] or settings.operations.timezone
    values = {
        "what": f"{row['alert_type']}, {row['severity']}, {row['state']}",
        "means": meaning(row["alert_type"], dict(settings)),
        "about": " ".join(part for part in (row["entity_type"], row["entity_id"]) if part),
        "subject": row["subject"],
        "where": _where(row),
        "why": row["reason"],
        "priority": _priority_in_words(row),
        "by when": _due(row, zone),
        "who has it": row["holder"],
        "next": row["next"],
        "seen": f"{clock(row['first_seen_at'], zone)} to {clock(row['last_seen_at'], zone)}, "
        f"{row['occurrences']:,} {'time' if row['occurrences'] == 1 else 'times'}",
        "risk": None if row["score"] is None else f"{row['score']:.1%}",
        "model": " ".join(part for part in (row["model_name"], row["model_version"]) if part),
        "key": row["dedup_key"],
    }
    typer.echo(f"Alert {row['alert_id']}: {line(row['title'])}\n")
    for name, value in values.items():
        if value:
            _indented(f"{name:<11}{line(str(value))}", _width() or _WIDEST * 4, hanging=11)
    _print_evidence(row["evidence"] or {}, zone)
    for title, name in (("Feedback", "feedback"), ("Priority", "priorities"), ("History", "history")):
        if past[name] or name == "history":
            print_rows(f"\n{title}", [_past(one, zone) for one in past[name]])


def print_attachments(found: Sequence[Attachment], zone: str) -> None:
    """Prints what playbooks attached to an alert: tables, and numbers over time as rows of blocks."""
    for each in found:
        by = f" by playbook {line(each.playbook)}" if each.playbook else ""
        typer.echo(f"\n{each.title}, collected {clock(each.at, zone)}{by}")
        for text in (*each.notes, *(text for table in each.tables for text in table.lines)):
            typer.echo(f"    {text}")
        for table in each.tables:
            more = f", {len(table.rows)} of {table.total}; --json shows all" if table.total > len(table.rows) else ""
            print_rows(f"\n  {table.name}{more}", [dict(zip(table.columns, row, strict=True)) for row in table.rows])
        if not each.tables and not each.notes:
            typer.echo("    nothing was found")


def _past(one: Row, zone: str) -> Row:
    """A line of a history; numbers and instants as text."""
    shown = {**one, "at": clock(one["at"], zone)}
    if "action_probability" in shown:
        shown["action_probability"] = f"{shown['action_probability']:.0%}"
    return {name: line("" if value is None else str(value)) for name, value in shown.items()}


def _priority(row: Row) -> str:
    """The priority; a dash where the alert is not triaged yet."""
    return "-" if row.get("priority") is None else f"P{row['priority']}"


def _priority_in_words(row: Row) -> str:
    if row.get("priority") is None:
        return "not known yet: the next tick triages it"
    by = "the rule of cold start" if row["priority_basis"] == "rule" else "a learned model"
    return f"{row['priority']} of 100: {'; '.join(row['priority_reasons'])} (by {by})"


def _print_evidence(evidence: Mapping[str, Any], zone: str) -> None:
    """The evidence, and the proposed substitutes."""
    facts = facts_of(evidence, zone)
    if facts:
        typer.echo("\nEvidence")
        for name, value in facts:
            typer.echo(f"    {name:<22}{value}")
    proposed = evidence.get("proposals") or []
    if proposed:
        rows = [
            {"name": one.get("name"), "person_id": one.get("person_id"), "why": one.get("reason")} for one in proposed
        ]
        print_rows(
            "\nProposed substitutes, best first", [{k: line(str(v or "")) for k, v in one.items()} for one in rows]
        )


def _due(row: Row, zone: str) -> str:
    if row["standing"] == TIMELESS:
        return TIMELESS
    left = timedelta(minutes=row["minutes_left"])
    passed = row["standing"] == LOST
    return f"{clock(row['due_at'], zone)}, {span(left)} {'ago' if passed else 'left'}"


def _where(row: Row) -> str | None:
    client, site = (line(row[f"{name}_name"] or row[f"{name}_id"] or "") for name in ("client", "site"))
    return ", ".join(part for part in (client, site) if part) or None


def _width() -> int | None:
    """The width of the terminal; None in a pipe or file, where each alert takes one line."""
    if not (sys.stdout.isatty() or "COLUMNS" in os.environ):
        return None
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


def _indented(text: str, width: int, hanging: int = 0) -> None:
    words, current = text.split(" "), ""
    lines = []
    room = width - 7
    for word in words:
        longer = f"{current} {word}" if current else word
        if len(longer) > room and current:
            lines.append(current)
            current = " " * hanging + word
        else:
            current = longer
    for shown in (*lines, current):
        typer.echo(f"       {shown}".rstrip())
