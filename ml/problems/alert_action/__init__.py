"""Alerts that need a person: what is known of them, the rule, the words."""
