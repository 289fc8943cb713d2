"""One page that shows every message as the person would get it."""
