"""Signing, verifying, restating and sending scorecards."""
