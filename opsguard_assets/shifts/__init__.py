"""Who works where and when: the calendar of shifts, whether they were kept, and the risk that nobody comes."""
