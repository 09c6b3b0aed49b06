"""The pages behind links in messages, and the endpoint of Slack's buttons: a small service without Dagster.

Here: serving, tokens, what a click does. Not here: what alerts and incidents say (`views`), and their life
(`alerts`, `incidents`).
"""
