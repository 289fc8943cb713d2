"""Naver: the login site (a real browser) and the partner booking API (HTTP, read only)."""
