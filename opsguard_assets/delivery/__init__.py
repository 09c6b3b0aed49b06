"""Messages to people: what they say, by which channel they go, and what is certain about each.

Here: letters (`wording`), their forms (`slack_blocks`, `mails`, `plain`), handing them over once (`adapter_io`). Not
here: who gets what (`routing`), what is known of an incident (`views`), channels themselves (`resources.channels`).
"""
