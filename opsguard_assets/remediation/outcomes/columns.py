"""What playbooks achieved: columns and meanings, as the asset page shows them. They are computed daily, not stored.

Not here: computing them (`figures`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import count, number, text
from opsguard_assets.tables.table import Table


class RemediationOutcomes(dy.Schema):
    """What a playbook achieved within a period."""

    playbook = text("the playbook", nullable=False)
    executions = count("executions, also those in shadow", nullable=False)
    acted = count("executions that did something", nullable=False)
    auto_resolved = count("of these: a monitor saw the cause clear, and no person took the alert up", nullable=False)
    not_resolved = count("of these: the cause held or came back, or a person took the alert up", nullable=False)
    inconclusive = count("of these: nobody knows yet, or nobody looked", nullable=False)
    approvals = count("approvals that people decided", nullable=False)
    rate = number("share of auto-resolved alerts among the conclusive ones")
    low = number("lower end of its 95 % interval")
    high = number("upper end of it")
    matched = count("executions whose alert could be compared with others of its type and severity")
    controls = count("alerts that they are compared with, about which nothing acted")
    minutes_with = number("mean minutes until an alert is over, with the playbook, up to the horizon")
    minutes_without = number("the same without")
    minutes_saved = number("their difference")
    minutes_saved_low = number("lower end of its 95 % interval")
    minutes_saved_high = number("upper end of it")
    cleared_with = number("share that cleared without a person, with the playbook")
    cleared_without = number("the same without")
    added = number("their difference: what the playbook resolved that would not have cleared by itself")
    added_low = number("lower end of its 95 % interval")
    added_high = number("upper end of it")
    happened_with = number("of warnings: the share that came true, with the playbook")
    happened_without = number("the same without")
    prevented = number("their difference: the share of what it warned of that the playbook prevented")
    prevented_low = number("lower end of its 95 % interval")
    prevented_high = number("upper end of it")
    hours_saved = number("hours of people that it saved, approvals taken off")
    hours_saved_low = number("lower end, from that of `added`")
    hours_saved_high = number("upper end")
    money_saved = number("what these hours cost")
    money_saved_low = number("lower end")
    money_saved_high = number("upper end")


REMEDIATION_OUTCOMES = Table(
    name="remediation_outcomes", room="remediation", schema=RemediationOutcomes, key=("playbook",)
)
