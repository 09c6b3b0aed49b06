"""SLA clocks: calendars, working time, promises, intervals, and the clock of every ticket at any moment."""
