"""Measures the product on made-up work of any size: the same code as in production, no network."""
