"""The health of one device by plain loops: slow, and nothing to look up."""

from datetime import timedelta
from itertools import pairwise
from math import ceil
from statistics import median

WEIGHTS = {"battery": 0.4, "signal": 0.3, "uptime": 0.2, "temperature": 0.1}


def spells_of(device, hours, as_of):
    """Hours of a device by spell: number -> list of hours."""
    interval = device["reports_every_minutes"] or 0
    spell, window = max(60, 1.5 * interval), max(72 * 60, 18 * interval)
    found = {}
    for hour in hours:
        age = (as_of - hour["hour_at"]) / timedelta(minutes=1) - 60
        if hour["reports"] and 0 <= age < window:
            ages = [(as_of - hour[name]) / timedelta(minutes=1) for name in ("first_at", "last_at")]
            for number in {ceil(age / spell) - 1 for age in ages}:
                found.setdefault(number, []).append(hour)
    return found, spell, window


def between(number, least, most):
    return min(max(number, least), most)


def battery_points(charge, rate, falls):
    """Half the charge, half how long it lasts of 30 days; below 20 % no better than its share of 20 %."""
    charge = between(charge, 0, 100)
    lasts = between(charge / rate / 30, 0, 1) if rate is not None and rate > 0 else 1.0
    believed = min(falls / 12, 1)
    return 0.5 * charge + 50 * min(believed * lasts + 1 - believed, charge / 20)


def signal_points(dbm, deviation):
    """-120 dBm or less has nothing, -60 dBm all; 10 dB of deviation take 30 % of what there is."""
    strength = between((dbm + 120) / 60, 0, 1)
    return 100 * strength * (1 - 0.3 * between((deviation or 0) / 10, 0, 1))


def minutes_online(hours, interval, as_of):
    """Beginning of an hour -> the share of its expected minutes in which the device was online."""
    shares, minute = {}, timedelta(minutes=1)
    for hour in hours:
        if hour["online_minutes"] is None or hour["expected_minutes"] is None or not interval:
            continue
        filled = hour["online_minutes"] / interval
        slots = int((hour["last_at"] - hour["first_at"]) / minute / interval + 0.5) + 1
        end = hour["hour_at"] + timedelta(hours=1)
        begin = end - hour["expected_minutes"] * minute
        before = [h["last_at"] for h in hours if h["hour_at"] < hour["hour_at"]]
        after = [h["first_at"] for h in hours if h["hour_at"] > hour["hour_at"]]
        # Nobody knows what was before the first hour and what comes after the moment: a report right there, at best.
        half, lost = interval / 2 * minute, 0.0
        for one, other in (
            (max(before, default=begin), hour["first_at"]),
            (hour["last_at"], min(after, default=as_of)),
        ):
            if (other - one) / minute > 1.5 * interval:
                lost += max((min(other - half, end) - max(one + half, begin)) / minute, 0)
        shares[hour["hour_at"]] = min(filled / slots, 1) * (
            1 - min(lost / hour["expected_minutes"], 1) if hour["expected_minutes"] else 1
        )
    return shares


def value(part, hour, rate, falls, online):
    """What an hour says of a part; None where it says nothing."""
    if part == "battery":
        charge = hour["battery_last_pct"]
        return None if charge is None else battery_points(charge, rate, falls)
    if part == "signal":
        dbm = hour["signal_mean_dbm"]
        return None if dbm is None else signal_points(dbm, hour["signal_std_db"])
    if part == "uptime":
        share = online.get(hour["hour_at"])
        return None if share is None else 100 * share
    out = hour["temperature_out_minutes"]
    return None if out is None else 100 * (1 - out / 60)


def value_before(part, before, rate, falls):
    """What the last reading before the window says of a part."""
    if part == "battery" and before["battery_last_pct"] is not None:
        return battery_points(before["battery_last_pct"], rate, falls)
    if part == "signal" and before["signal_mean_dbm"] is not None:
        return signal_points(before["signal_mean_dbm"], before["signal_std_db"])
    if part == "temperature" and before["temperature_out_share"] is not None:
        return 100 * (1 - before["temperature_out_share"])
    return None


def rise_that_is_charging(charged):
    """By how much a charge rises that is no noise, percent points."""
    steps = [b["battery_last_pct"] - a["battery_last_pct"] for a, b in pairwise(charged)]
    if not steps:
        return 2.0
    usual = median(steps)
    deviation = 1.4826 * median(abs(step - usual) for step in steps) / 2**0.5
    return between(5 * deviation, 2, 10)


def is_charged(charged, place, rise):
    """Whether the device was charged in this hour or since the one before it."""
    hour = charged[place]
    last, at = hour["battery_last_pct"], hour["hour_at"]
    lows = [other["battery_min_pct"] for other in charged if timedelta() <= at - other["hour_at"] < timedelta(hours=6)]
    if place == 0:
        return last > hour["battery_min_pct"] and last > min(lows) + rise
    before = charged[place - 1]["battery_last_pct"]
    goes_up = last > before or last > hour["battery_min_pct"]
    return hour["battery_first_pct"] > before + rise or (goes_up and last > min([*lows, before]) + rise)


def fall(hours, window):
    """Median loss of charge per day since the newest hour a lag older, nothing charged between; how many there are."""
    charged = [hour for hour in sorted(hours, key=lambda h: h["hour_at"]) if hour["battery_last_pct"] is not None]
    rise, falls = rise_that_is_charging(charged), []
    charging = [is_charged(charged, place, rise) for place in range(len(charged))]
    for place, hour in enumerate(charged):
        for lag in (timedelta(minutes=window / 6), timedelta(minutes=window / 2)):
            older = [n for n in range(place) if hour["hour_at"] - charged[n]["hour_at"] >= lag]
            if not older or any(charging[older[-1] + 1 : place + 1]):
                continue
            past = hour["hour_at"] - charged[older[-1]]["hour_at"]
            if past <= 1.5 * lag:
                lost = charged[older[-1]]["battery_last_pct"] - hour["battery_last_pct"]
                falls.append(lost / (past / timedelta(days=1)))
    return (median(falls) if falls else None), len(falls)


def said_of(part, spells, before, count, held, rate, falls, online):
    """Number of a spell -> what is known of a part in it; on change a reading holds until the next one."""
    said = {}
    for number, inside in spells.items():
        found = [v for hour in inside if (v := value(part, hour, rate, falls, online)) is not None]
        if found:
            said[number] = sum(found) / len(found)
    if not held:
        return said
    last = value_before(part, before, rate, falls) if before else None
    filled = {}
    for number in range(count - 1, -1, -1):
        last = said.get(number, last)
        if last is not None:
            filled[number] = last
    return filled


def score(device, hours, ever, as_of, before=None):
    """(score, parts) of one device."""
    spells, spell, window = spells_of(device, hours, as_of)
    interval = device["reports_every_minutes"]
    begun = max(at for at in (device["installed_at"], ever["first_at"]) if at is not None)
    lived = min(window, max((as_of - begun) / timedelta(minutes=1), 0))
    count = int(window // spell)

    def decay(number):
        return 0.5 ** ((number + 0.5) * spell / window * 3)

    due = sum(decay(number) for number in range(int(lived // spell))) if interval else 0.0
    silent = max(due - sum(decay(number) for number in spells if number < int(lived // spell)), 0)
    full = sum(decay(number) for number in range(count))
    has = {
        "battery": device["battery_powered"] is not False and ever["battery_last_pct"] is not None,
        "signal": ever["signal_mean_dbm"] is not None,
        "uptime": bool(interval),
        "temperature": device["temperature_max_c"] is not None and ever["temperature_mean_c"] is not None,
    }
    inside = list({hour["hour_at"]: hour for found in spells.values() for hour in found}.values())
    rate, falls = fall(inside, window) if has["battery"] else (None, 0)
    online = minutes_online(inside, interval, as_of)
    parts, weights = {}, {}
    for part, weight in WEIGHTS.items():
        if not has[part]:
            continue
        said = said_of(part, spells, before, count, not interval, rate, falls, online)
        evidence = sum(decay(number) for number in said) + silent
        doubt = 5 * (1 - min(evidence / full, 1) ** 2)
        parts[part] = (sum(decay(n) * v for n, v in said.items()) + 100 * doubt) / (evidence + doubt)
        weights[part] = weight * max(evidence, 1e-3) / (evidence + doubt)
    if not weights:
        return 100.0, parts
    return sum(weights[p] * parts[p] for p in parts) / sum(weights.values()), parts
