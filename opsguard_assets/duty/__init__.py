"""Who works where and when, and who of a team is given what: shared by whatever gives work to people."""
