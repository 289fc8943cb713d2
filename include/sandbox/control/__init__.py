"""The control API: drives the world from tests, the command line and a person's terminal."""
