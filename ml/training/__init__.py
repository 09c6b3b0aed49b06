"""Training and tuning of candidates."""
