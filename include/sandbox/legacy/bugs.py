"""What can be wrong with the predecessor, switch by switch.

Without any switch it does what its rules say, and its fetching is whole. ``L12`` to ``L19`` in
``REPAIRED`` are behaviour that its rules have and that a successor copies: their switch takes the
behaviour away, so that the stand-in deviates. All others bring the defect in.
"""

from enum import StrEnum


class Bug(StrEnum):
    """One switch; the names are those of the list of known defects."""

    L1 = "L1"  # flags are written, the send then fails: some texts never leave
    L3 = "L3"  # a first text that fails takes the guide of the same look with it
    L5 = "L5"  # no run for three hours around noon: guides of that time are never sent
    L7 = "L7"  # a store without an open row ends the list of stores to ask for completed visits
    L8 = "L8"  # only the scan's first page is read
    L9 = "L9"  # Korean time is called UTC: the first nine hours of the range are not asked for
    L10 = "L10"  # a read that fails counts as "no row": confirmed again, the row overwritten
    L11 = "L11"  # two runs at once: every text twice
    L12 = "L12"  # taken away: a changed phone is not confirmed again
    L14 = "L14"  # taken away: a visit that has begun is not confirmed
    L15 = "L15"  # taken away: one boundary for new and known bookings
    L17 = "L17"  # taken away: decides by the stored start, so a moved visit keeps its old hour
    L18 = "L18"  # a range beyond 31 days is refused: that store's completed visits are lost
    L19 = "L19"  # taken away: the start keeps its seconds
    L22 = "L22"  # one unreadable booking ends the whole run, for three hours in the afternoon
    SKIP = "skip"  # seeded: some bookings are never looked at
    WRONG = "wrong"  # seeded: the flag of a guide is set at another booking's row
    LATE = "late"  # seeded: guides are three runs late
    ONE_LATE = "one_late"  # seeded: guides are one run late, which is within tolerance
    TWICE = "twice"  # seeded: some guides are sent twice
    WRONG_TEXT = "wrong_text"  # seeded: some guides carry the event's text


REPAIRED = frozenset({Bug.L12, Bug.L14, Bug.L15, Bug.L17, Bug.L19})
FETCHING = frozenset({Bug.L7, Bug.L8, Bug.L9, Bug.L18})
