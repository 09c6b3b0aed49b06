"""Remediation: playbooks that act on alerts, each side effect once, with approval where it is due.

Here: what a playbook is (`playbook`), what its steps do (`actions`), how executions advance (`engine`), how much a
playbook may do alone (`autonomy`), and its results (`outcomes`). Not here: handing side effects over (`effects`),
messages (`routing`, `delivery`).
"""
