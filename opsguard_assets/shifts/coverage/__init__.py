"""Whether posts are manned, and who could stand in."""
