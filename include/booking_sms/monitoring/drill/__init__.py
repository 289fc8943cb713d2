"""The alarm drill: every alarm is made to fire and to clear, by what publishes its metric.

An alarm that nobody has seen firing is a wish. A scenario brings a small installation into
trouble and out of it; the publishers of the product tell its numbers; the evaluator of
CloudWatch's semantics judges what really arrived.
"""
