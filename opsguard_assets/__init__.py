"""What exists in OpsGuard and how it is derived. Importing this package costs nothing: no Dagster, no frames."""
