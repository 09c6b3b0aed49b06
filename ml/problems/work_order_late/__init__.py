"""The problem of late work orders: features, rule, phrases."""
