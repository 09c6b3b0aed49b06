"""Alerts and incidents in few words, and one run of grouping after the other, kept in dictionaries."""

import polars as pl

from opsguard_assets.config.routing import Routing
from opsguard_assets.incidents.grouping import ALERT, INCIDENT, GroupRules, group

RULES = GroupRules(inhibit=Routing().inhibit_rules)


def alert(number=1, alert_type="device_silent", **more):
    row = {
        "alert_id": number,
        "dedup_key": f"{alert_type}:D{number}",
        "alert_type": alert_type,
        "entity_type": "device",
        "entity_id": f"D{number}",
        "client_id": "C1",
        "site_id": "S1",
        "severity": "medium",
        "state": "open",
        "title": f"Trouble {number}",
        "priority": 50,
        "cause": "power_or_line",
        "team": "iot-specialists",
        "plan": "gold",
        "is_in_plan": True,
        "is_life_safety": False,
        "incident_id": None,
    }
    return row | more


def frame(rows, schema):
    return pl.DataFrame(list(rows), schema=schema)


class Book:
    """Incidents as the database would keep them."""

    def __init__(self, rules=RULES):
        self.rules, self.homes, self.incidents, self.joins = rules, {}, {}, []

    def run(self, *alerts):
        """One run over the unresolved alerts; returns what changed."""
        housed = [row | {"incident_id": self.homes.get(row["alert_id"])} for row in alerts]
        living = [row for row in self.incidents.values() if row["state"] != "resolved"]
        done = group(
            frame(housed, ALERT), frame([{k: r[k] for k in INCIDENT.names()} for r in living], INCIDENT), self.rules
        )
        numbers = {}
        for row in done.opens.iter_rows(named=True):
            number = len(self.incidents) + 1
            assert row["group_key"] not in {r["group_key"] for r in living}, "a second unresolved one of a group"
            numbers[row["group_key"]] = number
            taken = row["priority"] if row["state"] == "acknowledged" else None
            self.incidents[number] = {**row, "incident_id": number, "acknowledged_priority": taken}
        for row in done.changes.iter_rows(named=True):
            if row["was"] != row["state"] == "acknowledged":
                self.incidents[row["incident_id"]]["acknowledged_priority"] = row["priority"]
            self.incidents[row["incident_id"]] |= {name: row[name] for name in row if name in INCIDENT}
        for row in done.joins.iter_rows(named=True):
            assert row["left"] == self.homes.get(row["alert_id"])
            self.homes[row["alert_id"]] = row["incident_id"] or numbers[row["group_key"]]
            self.joins.append((row["alert_id"], row["why"]))
        return done

    def acknowledge(self, number):
        row = self.incidents[number]
        row["state"], row["acknowledged_priority"] = "acknowledged", row["priority"]
