"""What a prediction problem is, its examples, and how they are split by time."""
