"""The model objects: trees, calibration, hazard, explanation, and their files."""
