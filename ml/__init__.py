"""Learning: problems, candidates, calibration, evaluation. Knows Polars and models; never Dagster."""
