"""The candidate beside the running predecessor: what both decided, window by window.

Pure: knows no table, no network, no clock. See ``docs/adr/0018-shadow-campaign.md``.
"""
