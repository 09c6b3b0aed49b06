"""Key figures: one definition each, its rows, and the figure by client, site and month."""
