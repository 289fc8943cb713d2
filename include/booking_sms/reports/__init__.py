"""Figures for people: what was sent, by store, kind and hour, and the month's review."""
