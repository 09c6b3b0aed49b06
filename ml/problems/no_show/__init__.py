"""No-shows: what is known of a person's part in a shift, the rule, the words. Not here: shifts and verdicts."""
