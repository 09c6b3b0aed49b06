"""Alembic migrations of the state schema: how it came to be, never how it is used."""
