"""A stand-in for the predecessor: it writes its ledger as it did, with its bugs on request.

It exists so that a shadow campaign can be rehearsed. It imports nothing of the product: what the
product believes of the predecessor must not be what the stand-in is made of.
"""
