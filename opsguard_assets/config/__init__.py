"""`opsguard.yaml` and the environment as typed settings. No default hides elsewhere; nothing is opened."""
