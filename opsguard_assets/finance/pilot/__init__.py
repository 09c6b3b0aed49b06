"""What a pilot showed: before and during, predicted, prevented, used, worth; which plan follows, or what is missing."""
