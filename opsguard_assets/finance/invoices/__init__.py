"""Invoice lines, and their reconciliation with recurring revenue."""
