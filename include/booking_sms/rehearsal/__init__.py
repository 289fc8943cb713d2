"""A shadow campaign in fast time: the pipeline's own steps beside a stand-in predecessor.

Everything is in memory and no service is called; the stand-in is a process of its own, since the
sandbox and the product share no code.
"""
