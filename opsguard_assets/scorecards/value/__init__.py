"""What acting prevented, against hold-outs, and what it was worth."""
