"""What starts work: schedules of the documented cadences and sensors. Knows job names, never asset modules."""
