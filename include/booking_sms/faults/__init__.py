"""Proof by force: the outbox among crashes, freezes, lost answers and a SENS that lies."""
