"""One suite for every store: the in-memory one and the real adapter on a real server."""
