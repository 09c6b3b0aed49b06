"""`opsguard.yaml` and the environment as typed settings. No defaults hide elsewhere, and nothing here opens a store."""
