"""Accepting received rows into the tables of the contract."""
