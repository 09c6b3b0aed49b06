"""What is learned of alerts: their episodes in the lake, whether they needed a person, and which rules are noise.

Here: episodes, outcomes, the prediction problem `alert_action`. Not here: priorities (`triage.priority`).
"""
