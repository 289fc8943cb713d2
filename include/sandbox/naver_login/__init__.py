"""The login site: its form, its walls, its cookies."""
