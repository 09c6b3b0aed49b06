"""The health of one device by plain loops: slow, and nothing to look up."""

from datetime import timedelta
from statistics import median

WEIGHTS = {"battery": 0.4, "signal": 0.3, "uptime": 0.2, "temperature": 0.1}


def spells_of(device, hours, as_of):
    """Hours of a device by spell: number -> list of hours."""
    interval = device["reports_every_minutes"] or 0
    spell, window = max(60, 1.5 * interval), max(72 * 60, 12 * interval)
    found = {}
    for hour in hours:
        age = (as_of - hour["hour_at"]) / timedelta(minutes=1) - 60
        if hour["reports"] and 0 <= age < window:
            found.setdefault(int(age // spell), []).append(hour)
    return found, spell, window


def value(part, hour):
    """What an hour says of a part; None where it says nothing."""
    if part == "battery":
        return hour["battery_last_pct"]
    if part == "signal":
        if hour["signal_mean_dbm"] is None:
            return None
        strength = min(max((hour["signal_mean_dbm"] + 120) / 60, 0), 1)
        steady = 1.0 if hour["signal_std_db"] is None else min(max(1 - hour["signal_std_db"] / 10, 0), 1)
        return 100 * (0.7 * strength + 0.3 * steady)
    if part == "uptime":
        if hour["online_minutes"] is None or hour["expected_minutes"] is None:
            return None
        most = max(hour["online_minutes"], hour["expected_minutes"])
        return 100 * hour["online_minutes"] / most if most else 0.0
    out = hour["temperature_out_minutes"]
    return None if out is None else 100 * (1 - out / 60)


def fall(hours):
    """Median loss of charge per day among hours 12 and 36 places apart, and the number of these falls."""
    charged = [hour for hour in sorted(hours, key=lambda h: h["hour_at"]) if hour["battery_last_pct"] is not None]
    segment, last, told = 0, None, []
    for hour in charged:
        within = hour["battery_last_pct"] > hour["battery_min_pct"]
        if (last is not None and (hour["battery_first_pct"] > last or within)) or (last is None and within):
            segment += 1
        last = hour["battery_last_pct"]
        told.append((hour["hour_at"], segment, last))
    falls = []
    for place, (at, number, charge) in enumerate(told):
        for lag in (12, 36):
            if place >= lag and told[place - lag][1] == number:
                earlier_at, _, earlier = told[place - lag]
                falls.append((earlier - charge) / ((at - earlier_at) / timedelta(days=1)))
    return (median(falls) if falls else None), len(falls)


def score(device, hours, ever, as_of):
    """(score, parts) of one device."""
    spells, spell, window = spells_of(device, hours, as_of)
    interval = device["reports_every_minutes"]
    begun = max(at for at in (device["installed_at"], ever["first_at"]) if at is not None)
    lived = min(window, max((as_of - begun) / timedelta(minutes=1), 0))

    def decay(number):
        return 0.5 ** ((number + 0.5) * spell / window * 3)

    due = sum(decay(number) for number in range(int(lived // spell))) if interval else 0.0
    silent = 1.2 * max(due - sum(decay(number) for number in spells), 0)
    has = {
        "battery": device["battery_powered"] is not False and ever["battery_last_pct"] is not None,
        "signal": ever["signal_mean_dbm"] is not None,
        "uptime": bool(interval),
        "temperature": device["temperature_max_c"] is not None and ever["temperature_mean_c"] is not None,
    }
    parts, weights = {}, {}
    for part, weight in WEIGHTS.items():
        if not has[part]:
            continue
        total = heard = 0.0
        for number, inside in spells.items():
            said = [found for hour in inside if (found := value(part, hour)) is not None]
            if said:
                total += decay(number) * sum(said) / len(said)
                heard += decay(number)
        evidence = heard + silent
        parts[part] = (total + 500) / (evidence + 5)
        if part == "battery":
            rate, count = fall([h for inside in spells.values() for h in inside])
            days = ever["battery_last_pct"] / rate if rate and rate > 0 else None
            endurance = 100 if days is None else 100 * min(max(days / 30, 0), 1)
            lasting = (count / 4 * endurance + 800) / (count / 4 + 8)
            present = 100 * (heard + 5) / (evidence + 5)
            parts[part] = 0.5 * parts[part] + 0.5 * min(lasting, present)
        weights[part] = weight * max(evidence, 1e-3) / (evidence + 5)
    if not weights:
        return 100.0, parts
    return sum(weights[p] * parts[p] for p in parts) / sum(weights.values()), parts
