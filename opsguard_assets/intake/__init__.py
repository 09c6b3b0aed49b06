"""Records come in: received as they are, conformed to the contract, quarantined with a reason, counted in a ledger."""
