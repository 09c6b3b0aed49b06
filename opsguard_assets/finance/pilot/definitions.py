"""What each number of a pilot is: its name, its definition and its source, for every form and the same words.

Here: texts of the catalogue. Not here: key figures, which have their own definitions (`scorecards.kpis`), sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opsguard_assets.finance.pilot.pilot import Section
from opsguard_assets.scorecards.forms.language import msgid


@dataclass(frozen=True)
class Definition:
    """What a number is.

    Attributes:
        label: What it is called; `{of}` is what it is of.
        words: How it is counted.
        source: What it is read from: tables of the lake, or of the database.
    """

    label: str
    words: str
    source: str


SECTIONS: Final[Mapping[Section, str]] = {
    "predicted": msgid("What was predicted"),
    "detected": msgid("What was detected"),
    "prevented": msgid("What was prevented"),
    "resolved": msgid("What was resolved by itself"),
    "false_alarms": msgid("False alarms, and what they cost"),
    "adoption": msgid("Who used what"),
    "satisfaction": msgid("How satisfied contacts were"),
    "returns": msgid("What it was worth, against its price"),
}
_SCORES, _ALERTS, _DECISIONS = "models/scores", "database/alerts", "database/decisions"
_ROWS, _RUNS, _USE = "scorecards/kpi_rows", "database/executions", "database/notices, effects, executions, scorecards"
DEFINITIONS: Final[Mapping[str, Definition]] = {
    "any_announced": Definition(
        msgid("Announced"),
        msgid("No thing was announced by a score at the threshold and has an outcome by now."),
        _SCORES,
    ),
    "announced": Definition(
        msgid("{of}: announced"),
        msgid(
            "Things whose risk reached the alert's threshold and whose outcome became known in the "
            "pilot, each once, by "
            "its first score at the threshold."
        ),
        _SCORES,
    ),
    "came_true": Definition(
        msgid("{of}: announced, nobody acted, came true"),
        msgid("100 * those that happened / those that were announced and on which nobody and nothing acted."),
        f"{_SCORES}, {_ALERTS}, {_RUNS}",
    ),
    "expected": Definition(
        msgid("{of}: of these to be expected"),
        msgid("The sum of the probabilities that were announced first, of those on which nobody acted."),
        _SCORES,
    ),
    "watched": Definition(
        msgid("Days on which OpsGuard looked"),
        msgid("100 * days of the pilot on which any monitor settled a tick / days of the pilot."),
        "database/monitor_ticks",
    ),
    "alerts": Definition(
        msgid("Alerts that people could see"),
        msgid("Alerts raised in the pilot, or opened again, that nothing kept from people."),
        _ALERTS,
    ),
    "taken_up": Definition(
        msgid("Alerts that a person took up"),
        msgid("100 * alerts that a person acknowledged by now / alerts that people could see."),
        _ALERTS,
    ),
    "warned": Definition(
        msgid("Late tickets that were announced before"),
        msgid(
            "100 * missed deadlines of the pilot whose ticket had reached the alert's threshold "
            "before / missed deadlines "
            "of the pilot. Those that were held back count: they were announced, and nobody was told."
        ),
        f"{_ROWS}, {_DECISIONS}",
    ),
    "lead_hours": Definition(
        msgid("Hours from the announcement to the deadline, median"),
        msgid("Of the late tickets that were announced before."),
        f"{_ROWS}, {_DECISIONS}",
    ),
    "prevention_rate": Definition(
        msgid("Late tickets that alerts prevented"),
        msgid(
            "100 * deadlines kept / deadlines that would have been missed among the tickets acted "
            "on, by the share of the "
            "held back."
        ),
        f"{_ROWS}, {_DECISIONS}",
    ),
    "breaches": Definition(
        msgid("Deadlines kept"),
        msgid(
            "Alerted tickets with a deadline in the pilot: the share of late ones among the held back less that among "
            "those acted on, times those acted on. Newcombe's interval of strata by quarter; below "
            "30 of either there is "
            "no figure. Never cut at zero."
        ),
        f"{_ROWS}, {_DECISIONS}",
    ),
    "penalties": Definition(
        msgid("Penalties avoided"),
        msgid("The same, worth the penalty of the contract."),
        f"{_ROWS}, {_DECISIONS}, tables/sla_policies",
    ),
    "device_failures": Definition(
        msgid("Device failures averted"),
        msgid("Not measured: alerts of devices are never held back."),
        _DECISIONS,
    ),
    "no_shows": Definition(
        msgid("Posts filled by a proposed substitute"),
        msgid(
            "Offers of shifts that were accepted, recorded and not undone. No alert of a post is "
            "held back, for its safety."
        ),
        "database/shift_offers, execution_steps",
    ),
    "late_orders": Definition(
        msgid("Orders late by contract"),
        msgid("Work orders of the pilot that were done after they were due, or not yet."),
        _ROWS,
    ),
    "estimate": Definition(
        msgid("{of}: expected less happened, an estimate"),
        msgid(
            "Of what was announced and acted on: the sum of the probabilities less what happened, as "
            "on scorecards. Only "
            "of 30 or more, and only where nobody had acted on any of 30 or more predictions of the "
            "base line, and their "
            "outcomes fit the probabilities. Not measured: no money, and no part of what it was worth."
        ),
        _SCORES,
    ),
    "auto_resolution": Definition(
        msgid("Alerts resolved without hands"),
        msgid(
            "100 * alerts that cleared after a playbook had acted, which nobody took up and which "
            "stayed away / alerts that ended."
        ),
        f"{_ALERTS}, {_RUNS}",
    ),
    "alerts_resolved": Definition(
        msgid("Alerts that playbooks resolved"),
        msgid(
            "Executions triggered in the pilot after which a monitor saw the cause clear, without a "
            "person, and stay clear."
        ),
        f"{_RUNS}, {_ALERTS}",
    ),
    "hours_saved": Definition(
        msgid("Hours saved"),
        msgid("Alerts that playbooks resolved, times the minutes that handling one takes (`money.alert_minutes`)."),
        f"{_RUNS}, {_ALERTS}",
    ),
    "false_alarms": Definition(
        msgid("Alerts that needed nobody"),
        msgid(
            "100 * alerts of OpsGuard that nobody had to take up in time, or that somebody called noise or wrong "
            "/ alerts of the pilot "
            "whose outcome is known. Those on which a playbook acted are in neither."
        ),
        "triage/alert_episodes",
    ),
    "false_alarm_cost": Definition(
        msgid("What looking at them cost"),
        msgid("Alerts that needed nobody, times `money.alert_minutes` at `money.hourly_cost`."),
        "triage/alert_episodes",
    ),
    "not_judged": Definition(
        msgid("Alerts whose outcome is not known yet"),
        msgid("Alerts of the pilot that are younger than `alert_action.matures_after_hours`."),
        "triage/alert_episodes",
    ),
    "others_needless": Definition(
        msgid("Alerts of other systems that needed nobody"),
        msgid("The same of alerts that other systems raised: no false alarms of OpsGuard, and not in their cost."),
        "tables/external_alerts",
    ),
    "alerts_told": Definition(
        msgid("{of}: alerts that somebody was told of"), msgid("A channel took the message."), _USE
    ),
    "alerts_taken_up": Definition(
        msgid("{of}: alerts that somebody was told of and took up"), msgid("A person acknowledged them."), _USE
    ),
    "playbooks_run": Definition(
        msgid("{of}: playbooks that acted"), msgid("Executions that began, not in shadow."), _USE
    ),
    "scorecards_sent": Definition(msgid("{of}: scorecards that were sent"), msgid("Restatements count, too."), _USE),
    "unused": Definition(
        msgid("{of}: received, and not used"), msgid("The plan holds it, and nothing of it was counted."), _USE
    ),
    "taken_up_by": Definition(
        msgid("{of}: took alerts up"), msgid("Acknowledged alerts of the client, by the name in the history."), _ALERTS
    ),
    "judged_by": Definition(
        msgid("{of}: said what alerts were worth"),
        msgid("Words of feedback: useful, noise, wrong."),
        "database/alert_feedback",
    ),
    "decided_by": Definition(
        msgid("{of}: decided on playbooks"), msgid("Votes on approvals."), "database/approval_votes"
    ),
    "response_rate": Definition(
        msgid("Contacts who answered"),
        msgid("100 * answers / questions about the months of the pilot whose mail was sent."),
        "database/satisfaction_questions",
    ),
    "satisfaction": Definition(
        msgid("Mean of the answers, 1 to 5"),
        msgid(
            "1 is very dissatisfied, 5 very satisfied. Wilson's interval of the answers laid on 0 to "
            "1: rather too wide. "
            "Who answers is no random choice of those who were asked."
        ),
        "database/satisfaction_questions",
    ),
    "satisfaction_target": Definition(msgid("Target of the mean"), msgid("`satisfaction.target`."), "opsguard.yaml"),
    "worth": Definition(
        msgid("Worth of what was measured and counted"),
        msgid(
            "Deadlines kept, posts filled and hours saved, each times what one is worth (`money`, or the contract's "
            "penalty). What is not told from none, and every estimate, is left out."
        ),
        "scorecards/value_delivered",
    ),
    "net_worth": Definition(
        msgid("Less what false alarms cost"),
        msgid("Worth less what looking at false alarms cost."),
        "scorecards/value_delivered",
    ),
    "price": Definition(
        msgid("Price of the plan for these days"),
        msgid(
            "Sites and add-ons of each day at the price list of that day, a day as a part of its month, less lasting "
            "discounts; also where the plan was tried for nothing."
        ),
        "tables/clients, tables/sites, opsguard.yaml",
    ),
    "times": Definition(
        msgid("Worth, as times the price"),
        msgid("Worth less the cost of false alarms, by the price."),
        "scorecards/value_delivered",
    ),
}
