"""A seeded digital twin of a provider, for the demo, load tests and calibration checks. It knows no other room."""
