"""A small world on loopback that behaves like the services the pipeline talks to.

It shares no code with the pipeline, so one misreading of a vendor cannot hide on both sides.
"""
