"""Work orders that miss their due time: what is known of them, the rule, the words."""
