"""The risk that nobody comes to a shift."""
