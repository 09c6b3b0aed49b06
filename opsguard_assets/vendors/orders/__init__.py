"""The risk that a work order is late."""
