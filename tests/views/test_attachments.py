"""Attachments of alerts: what is nearest comes first, numbers over time are drawn, and nothing received does harm."""

from datetime import UTC, datetime

from opsguard_assets.commands.alert_pages import print_attachments
from opsguard_assets.views.attachments import attachment, newest

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOSTILE = "<b>x</b>\u202egnp\x1b[31m\n" + "W" * 500


def row(content, **more):
    return {
        "attachment_id": 1,
        "kind": "diagnostics",
        "at": AT,
        "content": content,
        "plot": None,
        "playbook": "look",
        **more,
    }


def reports(*charges):
    """Reports of a device, the newest first, with the keys in the order of the database."""
    return [
        {"is_online": True, "battery_pct": charge, "at": f"2026-03-02T{23 - place:02}:00:00Z"}
        for place, charge in enumerate(charges)
    ]


def test_tables_and_columns_that_are_nearest_to_the_alert_come_first():
    content = {"alerts": [{"title": "Door", "alert_id": 3}], "telemetry": reports(41.0, 42.5)}
    first, second = attachment(row(content), "Europe/Berlin", most=10).tables
    assert (first.name, first.columns) == ("telemetry", ("when", "charge, %", "online"))
    assert first.rows == (("2026-03-03 00:00 CET", "41", "yes"), ("2026-03-02 23:00 CET", "42.5", "yes"))
    assert (second.name, second.rows) == ("alerts", (("Door", "3"),))


def test_numbers_over_time_are_blocks_from_the_oldest_to_the_newest():
    (table,) = attachment(row({"telemetry": reports(10.0, 20.0, 30.0, 80.0)}), "UTC", most=2).tables
    assert table.lines == ("charge, % █▃▂▁ 80 to 10",)
    assert (len(table.rows), table.total) == (2, 4)
    (flat,) = attachment(row({"telemetry": reports(*[5.0] * 100)}), "UTC", most=2).tables
    assert flat.lines == ("charge, % ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 5 to 5",)


def test_hostile_and_odd_content_is_shown_harmlessly(capsys):
    content = {"tickets": [{"title": HOSTILE, HOSTILE: HOSTILE}, "no row"], "nobody": HOSTILE, HOSTILE: [{}], "n": 3}
    shown = attachment(row(content), "UTC", most=10)
    (table,) = shown.tables
    for text in (*table.columns, *table.rows[0], *shown.notes):
        assert len(text) <= 300
        assert not {"\u202e", "\x1b", "\n"} & set(text)
    print_attachments([shown, attachment(row(None), "UTC", most=10)], "UTC")
    said = capsys.readouterr().out
    assert "Diagnostics, collected 2026-03-02 12:00 UTC by playbook look" in said
    assert "nothing was found" in said
    assert "\u202e" not in said


def test_of_each_kind_the_newest_is_shown_in_messages():
    rows = [
        row({}, attachment_id=number, kind=kind)
        for number, kind in ((3, "diagnostics"), (2, "substitutes"), (1, "diagnostics"))
    ]
    assert [each["attachment_id"] for each in newest(rows)] == [3, 2]
