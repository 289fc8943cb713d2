"""A SENS that checks what the vendor checks, and lies when told to."""
