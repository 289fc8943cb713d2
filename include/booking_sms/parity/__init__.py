"""Proves the rules against the predecessor's recorded decisions. Decides nothing by itself."""
