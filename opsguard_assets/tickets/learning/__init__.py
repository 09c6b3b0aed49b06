"""What models learn from tickets: outcomes, recent tickets, features at a moment, and the dataset."""
