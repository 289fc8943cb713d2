"""What runs tell about themselves: numbers for monitoring, events for logs. Never a person."""
