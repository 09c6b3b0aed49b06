"""Side effects: whatever OpsGuard does outside its own stores, planned once, carried out once, or honestly *unknown*.

Here: one mechanism for every kind: the contract of adapters (`adapter`), decisions (`machine`), tables (`io`), and
carrying out (`drain_io`). Not here: what is sent and why, which belongs to the domains (`tickets.escalation`).
"""
