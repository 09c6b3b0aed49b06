"""What was accepted, what was rejected and why: ledger, quarantine, reports."""
