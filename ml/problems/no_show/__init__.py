"""The problem of no-shows: features of a person's part in a shift, rule, phrases. Not here: shifts and verdicts."""
