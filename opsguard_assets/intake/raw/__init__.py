"""Records as received: names, types, memory of rows, the spool on disk."""
