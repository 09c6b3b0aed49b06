"""Ways to people: Slack, mail, signed requests, whatever apprise knows, and a folder.

Here: one message handed over or looked for, and what is certain then. Not here: what a message says
(`opsguard_assets.delivery`), who gets it (`opsguard_assets.routing`), trying again (`opsguard_assets.effects`).
"""
