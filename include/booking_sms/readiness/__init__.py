"""Whether the new system may go live: measured, packaged, signed, decided. No I/O but folders."""
