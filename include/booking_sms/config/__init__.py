"""Settings, connections and the owner's YAML, checked before anything runs."""
