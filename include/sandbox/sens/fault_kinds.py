"""The faults SENS knows, and on which call each one acts.

A fault that strikes before acceptance leaves no message behind; one that strikes after it leaves a
message whose sender does not know: the case that has to be settled through the list.
"""

from __future__ import annotations

SEND, LIST, RESULT, UNSUBSCRIBES = "send", "list", "result", "unsubscribes"
_SEND = (SEND,)
_LIST = (LIST,)
_LOOK_UPS = (LIST, RESULT)
_ANY = (SEND, LIST, RESULT, UNSUBSCRIBES)

OPERATIONS_OF: dict[str, tuple[str, ...]] = {
    # refused: params status, code, message, details, shape ("gateway"|"service"), retry_after
    "refuse": _ANY,
    "quota": _ANY,
    "throttle": _ANY,
    "rate": _ANY,
    # with params accept=true, as with the refusals above, the message is accepted all the same
    "http_500": _ANY,
    "http_503": _ANY,
    "http_504": _ANY,
    # the server's clock is params seconds (600) ahead for this call
    "skew": _ANY,
    # params mode ("refuse"|"fail")
    "sender_unregistered": _SEND,
    # nothing accepted, no answer; params seconds (30)
    "hang_before_accept": _ANY,
    "drop_before_accept": _ANY,
    # accepted, no answer
    "hang_after_accept": _SEND,
    "drop_after_accept": _SEND,
    # accepted, but the 202 cannot be read
    "accept_cut_body": _SEND,
    "accept_html_body": _SEND,
    "accept_empty_body": _SEND,
    # accepted, answered well; the list lies later: params seconds (60), params rows (1)
    "list_delay": (SEND, LIST),
    "duplicate_rows": _SEND,
    # accepted, answered well; the phone gets it late (params seconds, 60) or never (statusCode)
    "deliver_late": _SEND,
    "undelivered": _SEND,
    # the list itself
    "list_500": _LIST,
    "list_empty_lie": _LIST,
    "cut_body": _LOOK_UPS,
    "html_body": _LOOK_UPS,
}
"""Kind -> operations it acts on; the first is where it is put when none is named."""
