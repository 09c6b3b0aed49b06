"""The health score of a device: its parts, its slope, its reasons, and how often each band failed afterwards."""
