"""The outside world behind small types: lake, database, servers. No domain rules live here."""
