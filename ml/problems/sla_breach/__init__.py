"""The problem of SLA breaches: will the resolution deadline of an open ticket be missed?"""
