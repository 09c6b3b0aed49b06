"""How much each playbook may do by itself, by what it achieved. Not here: whether it resolved anything (`outcomes`)."""
