"""What the adapters share below HTTP: AWS sessions, trusted certificates."""
