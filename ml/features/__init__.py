"""Point-in-time features: as-of joins over streams sorted by when a row became known."""
