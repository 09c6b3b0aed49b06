"""Ratios against floors and peers, measured side by side in one run. Not here: tests; a timing never fails anything."""
