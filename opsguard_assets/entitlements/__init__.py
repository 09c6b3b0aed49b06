"""Plans: which feature each client receives at a moment, and what a site costs in a month."""
