"""The candidates that compete for a problem. Import the submodules."""
