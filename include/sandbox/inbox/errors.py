"""The inbox is ours, not a vendor's: it has no codes of its own.

A wrong path is a plain 404, and a filter that matches nothing is an empty list.
"""
