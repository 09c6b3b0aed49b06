"""The helpdesk as escalations see it: a change is handed over once, and the answer says what is certain.

Here: one module per kind of ticket system, and what they share (`change`). Not here: which tickets are escalated.
"""
