"""Measures the product on made-up work of any size: the same code as in production.

Planning touches no network; dispatch goes over HTTP to a world of its own on this machine.
"""
