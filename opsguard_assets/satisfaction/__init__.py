"""Whether clients are satisfied: one question a month by mail, its answers, and what they add up to."""
