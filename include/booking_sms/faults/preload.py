"""Imported once by the process that a campaign's workers are forked from.

Each of them lives for a second or two: what all of them load is loaded before they start.
"""

import gc

import httpcore

from booking_sms.adapters.alerts import slack, telegram
from booking_sms.adapters.dynamodb import make_client
from booking_sms.adapters.sens import client as sens
from booking_sms.faults import worker
from booking_sms.transport.tls import trusted_certificates

LOADED = (httpcore, sens, slack, telegram, worker)
"""What is imported for its own sake."""

make_client(region="ap-northeast-2")
trusted_certificates()
gc.freeze()  # or the first collection of each worker copies all of it
