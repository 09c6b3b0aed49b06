"""Executions: started once per episode, advanced under leases, ended by what happened.

Not here: what steps do (`actions`).
"""
