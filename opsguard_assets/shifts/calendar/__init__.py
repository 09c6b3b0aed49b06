"""The shift calendar: recurrence rules, planned shifts, absences."""
