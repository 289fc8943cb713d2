"""The vendor's booking payload, field by field, as it looks at one instant.

Field names, types and the mix of time spellings follow a list taken from one real payload; all
values are invented. Device, network and payment fields are there on purpose: a reader must drop
them.
"""
