"""Verifications: each runs a capability on a simulated provider whose truth is known, and checks what it led to.

Here: one module per verification (what is planted, what must follow), the list of them (`catalog`), the world that they
run on (`world`), its ticks (`ticks_io`), servers that keep what is sent (`servers_io`), the results (`result`,
`report`). Not here: the capabilities themselves, and the command (`opsguard_assets.commands.verify`).
"""
