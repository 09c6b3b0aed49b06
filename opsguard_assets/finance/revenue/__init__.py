"""Monthly recurring revenue: balances, movements, retention, adoption."""
