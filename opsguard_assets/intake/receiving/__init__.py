"""Receiving what is new at a source into raw tables."""
