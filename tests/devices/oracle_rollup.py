"""The hourly rollup in plain loops, one (device, hour, full hour of knowledge) after the other; slow and obvious."""

import math
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

HOUR = timedelta(hours=1)
Report = dict[str, Any]
SAID = ("battery_pct", "signal_dbm", "temperature_c", "is_online", "error_count", "metrics")
NOTHING: Report = dict.fromkeys(SAID)


def heard(report: Report) -> datetime:
    return min(report["at"], report["known_at"])


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def full_hour_from(at: datetime) -> datetime:
    return hour_of(at) if at == hour_of(at) else hour_of(at) + HOUR


def believed(reports: list[Report], as_of: datetime) -> list[Report]:
    """What is known of every report by an instant."""
    last: dict[tuple[str, datetime], Report] = {}
    for report in sorted(without_repetitions(reports), key=lambda r: r["known_at"]):
        if report["known_at"] <= as_of:
            place = report["device_id"], report["at"]
            last[place] = together(last.get(place, NOTHING), report)
    return list(last.values())


def without_repetitions(reports: list[Report]) -> list[Report]:
    """Words without those that added nothing, when they came, to what was known at their moment: known since before."""
    kept: list[Report] = []
    for report in sorted(reports, key=lambda r: (r["_loaded_at"], r["known_at"])):
        mine = [r for r in kept if (r["device_id"], r["at"]) == (report["device_id"], report["at"])]
        before = None
        for word in sorted(mine, key=lambda r: r["known_at"]):
            if word["known_at"] <= report["known_at"]:
                before = together(before or NOTHING, word)
        if before is None or any(together(before, report)[name] != before[name] for name in SAID):
            # A version holds all that was known of its report when it was recorded.
            kept.append(together(before or NOTHING, report))
    return kept


def together(before: Report, later: Report) -> Report:
    """A report with a later word on it: its filled columns and channels count, the others stay as they were."""
    filled = {name: later[name] if later[name] is not None else before[name] for name in SAID}
    channels = {m["channel"]: m["value"] for r in (before, later) for m in r["metrics"] or [] if m["value"] is not None}
    result = [{"channel": channel, "value": value} for channel, value in sorted(channels.items())]
    return later | filled | {"metrics": result or None}


def device_at(devices: list[dict[str, Any]], device_id: str, as_of: datetime) -> dict[str, Any]:
    result = sorted((d for d in devices if d["device_id"] == device_id), key=lambda d: d["known_at"])
    known = [d for d in result if d["known_at"] <= as_of]
    return (known or result[:1] or [{}])[-1]


def steps_of(reports: list[Report], device_id: str, hour: datetime) -> list[datetime]:
    """The full hours at which the believed reports of an hour were others than at the full hour before."""
    mine = [r for r in reports if r["device_id"] == device_id]
    times = sorted({full_hour_from(r["known_at"]) for r in mine})
    steps, before = [], None
    for at in times:
        now = sorted((r["at"], r["known_at"]) for r in believed(mine, at) if hour_of(heard(r)) == hour)
        if now != before and (now or before):
            steps.append(at)
        before = now
    return steps


def rolled_by_hand(reports: list[Report], devices: list[dict[str, Any]]) -> dict[tuple[str, datetime, datetime], Any]:
    """Every version of every hour, by device, hour and full hour of knowledge."""
    found = {}
    for device_id, hour in sorted({(r["device_id"], hour_of(heard(r))) for r in reports}):
        for step in steps_of(reports, device_id, hour):
            inside = [r for r in believed(reports, step) if r["device_id"] == device_id and hour_of(heard(r)) == hour]
            inside.sort(key=lambda r: (heard(r), r["at"]))
            found[device_id, hour, step] = one_hour(inside, hour, device_at(devices, device_id, step))
    return found


def one_hour(reports: list[Report], hour: datetime, device: dict[str, Any]) -> dict[str, Any]:
    every = device.get("reports_every_minutes") or None
    low, high = device.get("temperature_min_c"), device.get("temperature_max_c")
    installed = device.get("installed_at")
    result: dict[str, Any] = {
        "reports": len(reports),
        "late_reports": sum(r["known_at"] - r["at"] > HOUR for r in reports),
        "future_reports": sum(r["at"] - r["known_at"] > timedelta(minutes=5) for r in reports),
        "unordered_reports": sum(
            any(s["known_at"] < r["known_at"] for s in reports[n:]) for n, r in enumerate(reports)
        ),
        "first_at": heard(reports[0]) if reports else None,
        "last_at": heard(reports[-1]) if reports else None,
        "is_online": reports[-1]["is_online"] if reports else None,
        "errors": sum(r["error_count"] or 0 for r in reports),
        "online_minutes": None,
        "expected_minutes": None,
    }
    if every:
        online = [r for r in reports if r["is_online"] is not False]
        # Counted from the first report of the hour, which lies in the middle of an interval.
        slots = {int((heard(r) - heard(reports[0])).total_seconds() / (every * 60) + 0.5) for r in online}
        result["online_minutes"] = len(slots) * every
        begun = max(hour, installed) if installed else hour
        result["expected_minutes"] = max(0.0, (hour + HOUR - begun).total_seconds() / 60)
    charges = [(heard(r), r["battery_pct"]) for r in reports if r["battery_pct"] is not None]
    falls = [(a, b) for a, b in pairwise(charges) if b[1] <= a[1]]
    result |= {
        "battery_reports": len(charges),
        "battery_first_pct": charges[0][1] if charges else None,
        "battery_first_at": charges[0][0] if charges else None,
        "battery_last_pct": charges[-1][1] if charges else None,
        "battery_last_at": charges[-1][0] if charges else None,
        "battery_min_pct": min((c for _, c in charges), default=None),
        "discharge_pct": sum(a[1] - b[1] for a, b in falls) if charges else None,
        "discharge_minutes": sum((b[0] - a[0]).total_seconds() / 60 for a, b in falls) if charges else None,
    }
    signals = [r["signal_dbm"] for r in reports if r["signal_dbm"] is not None]
    result |= {"signal_reports": len(signals), "signal_mean_dbm": mean(signals), "signal_std_db": deviation(signals)}
    result |= {"signal_max_dbm": max(signals, default=None)}
    heat = [r["temperature_c"] for r in reports if r["temperature_c"] is not None]
    outside = sum((low is not None and t < low) or (high is not None and t > high) for t in heat)
    minutes = min(60.0, outside * (every or 60 / len(reports))) if heat else None
    result |= {
        "temperature_reports": len(heat),
        "temperature_mean_c": mean(heat),
        "temperature_min_c": min(heat, default=None),
        "temperature_max_c": max(heat, default=None),
        "temperature_out_minutes": None if low is None and high is None else minutes,
        "channels": channels_of(reports),
    }
    return result


def channels_of(reports: list[Report]) -> list[dict[str, Any]] | None:
    values = defaultdict(list)
    for report in reports:
        for metric in report["metrics"] or []:
            if metric["value"] is not None:
                values[metric["channel"]].append((heard(report), metric["value"]))
    found = []
    for channel, result in sorted(values.items()):
        numbers = [value for _, value in result]
        changed = [b[0] for a, b in pairwise(result) if a[1] != b[1]]
        found.append(
            {
                "channel": channel,
                "reports": len(result),
                "first": numbers[0],
                "last": numbers[-1],
                "min": min(numbers),
                "max": max(numbers),
                "mean": mean(numbers),
                "std": deviation(numbers),
                "changes": len(changed),
                "changed_at": changed[-1] if changed else None,
            }
        )
    return found or None


def mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def deviation(values: list[float]) -> float | None:
    centre = mean(values)
    return None if centre is None else math.sqrt(math.fsum((v - centre) ** 2 for v in values) / len(values))


def agrees(ours: Any, theirs: Any) -> bool:
    """Equal, numbers to nine digits."""
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-6)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(agrees(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(agrees(ours[name], theirs[name]) for name in ours)
    return bool(ours == theirs)
