"""One reader per kind of source: files, SQL, REST, the simulator."""
