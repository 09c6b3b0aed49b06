"""Contractors: how well they keep their promises, and which of their jobs will be late."""
