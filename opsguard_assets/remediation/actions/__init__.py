"""What each step plans and does, and how it is undone. Not here: when (`remediation.engine`)."""
