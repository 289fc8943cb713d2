"""Where each switch of the stand-in must show, as data: channel, verdict, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from booking_sms.parity.shadow.model import DB, SMS

MISMATCH, EXPLAINED, TOLERATED = "mismatch", "explained", "tolerated"
BOTH = frozenset({DB, SMS})
ONLY_DB, ONLY_SMS = frozenset({DB}), frozenset({SMS})


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a switch must lead to.

    ``inverted``: the rules have this behaviour and the candidate copies it, so that the switch
    takes it away from the stand-in, and the difference is the candidate having it. ``may``: a
    channel where it shows too, given the occasion.
    """

    channels: frozenset[str]
    why: str
    may: frozenset[str] = frozenset()
    verdict: str = MISMATCH
    inverted: bool = False


EXPECTED: Mapping[str, Expected] = {
    "L1": Expected(channels=ONLY_SMS, why="the flag is set, the text never leaves"),
    "L3": Expected(channels=ONLY_SMS, why="both flags are set, neither text leaves"),
    "L5": Expected(channels=BOTH, why="no run: neither flag nor text"),
    "L7": Expected(channels=BOTH, verdict=EXPLAINED, why="measured: a store without an open row"),
    "L8": Expected(channels=BOTH, verdict=EXPLAINED, why="measured: beyond the first page"),
    "L9": Expected(channels=BOTH, verdict=EXPLAINED, why="measured: in the first nine hours"),
    "L10": Expected(
        channels=ONLY_SMS,
        may=ONLY_DB,
        why="confirmed again by a row with the same flags; those of a begun visit go back",
    ),
    "L11": Expected(channels=ONLY_SMS, why="one flag, two texts"),
    "L12": Expected(channels=BOTH, inverted=True, why="the candidate confirms a changed phone"),
    "L14": Expected(channels=BOTH, inverted=True, why="the candidate confirms a begun visit"),
    "L15": Expected(
        channels=frozenset(),
        verdict=TOLERATED,
        inverted=True,
        why="at exactly two hours the guide moves by one run, never further",
    ),
    "L17": Expected(channels=BOTH, inverted=True, why="the candidate reminds of the new hour"),
    "L18": Expected(channels=BOTH, verdict=EXPLAINED, why="measured: a range beyond 31 days"),
    "L19": Expected(channels=ONLY_DB, inverted=True, why="the row's start has other seconds"),
    "L22": Expected(channels=BOTH, why="the lost runs' flags and texts"),
    "skip": Expected(channels=BOTH, why="never looked at"),
    "wrong": Expected(channels=BOTH, why="another row's flag; the own row is texted each run"),
    "late": Expected(channels=BOTH, why="three runs are more than one window"),
    "one_late": Expected(
        channels=frozenset(), verdict=TOLERATED, why="one run is within tolerance"
    ),
    "twice": Expected(channels=ONLY_SMS, why="one flag, two texts"),
    "wrong_text": Expected(channels=ONLY_SMS, why="the flag is right, the text another"),
}
