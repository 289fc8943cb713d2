"""The seeded business world: stores, customers and the life of each booking."""
