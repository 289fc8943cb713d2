"""The rules about people and messages, in plain Python that has never heard of a network."""
