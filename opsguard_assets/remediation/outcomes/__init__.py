"""Whether executions resolved alerts, and what that saved. Not here: executions (`engine`)."""
