"""Runs, model cards, reports and the registry in MLflow."""
