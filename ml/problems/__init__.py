"""One package per prediction problem: features, rule, words."""
