"""Alerts and incidents as people read them: what, where, why, by when, who has it, what to do next.

Commands, messages and web pages show the same views. Here: reading and composing them. Not here: terminals
(`commands`), messages (`delivery`), pages (`web`), and changing anything.
"""
