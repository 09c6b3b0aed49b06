"""A playbook: trigger, approval, limits and steps, as YAML. Not here: executing it (`remediation.engine`)."""
