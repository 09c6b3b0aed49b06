"""Things in the field: hourly rollups of what they report, their health, and the risk that they fail."""
