"""The contract with every source: one schema per canonical table. No I/O and no derivation lives here."""
