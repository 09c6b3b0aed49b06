"""The risk that a device fails: dataset, checkpoints of streams, scores."""
