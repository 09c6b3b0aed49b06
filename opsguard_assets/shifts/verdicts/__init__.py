"""The verdict on every shift: presence, matching, feeds."""
