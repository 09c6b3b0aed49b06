"""Subscriptions, monthly recurring revenue, invoices, projections, and the pages that finance reads."""
