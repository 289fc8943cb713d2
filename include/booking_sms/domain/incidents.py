"""What must not happen and did: kept as notes, one an incident, and found again by the job.

A note holds ids, states and digests, never a person or a text. The list of a job's notes is
written after the note: a crash between the two leaves a note that only its name finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

LISTED = 20
"""How many of a job's incidents are listed; the notes themselves all stay."""


class Notes(Protocol):
    """Small state by name, as ``ports.ControlRepository`` keeps it."""

    def put_note(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a note in place of the last of that name."""
        ...

    def get_note(self, name: str) -> Mapping[str, Any] | None:
        """Read a note; None if absent."""
        ...


def keep_incident(notes: Notes, job_id: str, name: str, value: Mapping[str, Any]) -> None:
    """Keep one incident of a job; the same one again replaces its note and is listed once.

    Two at the same instant may leave one of them unlisted; both notes are there.
    """
    notes.put_note(name, value)
    others = [other for other in _listed(notes, job_id) if other != name]
    notes.put_note(_list_name(job_id), {"notes": [*others, name][-LISTED:]})


def incidents_of(notes: Notes, job_id: str) -> list[dict[str, Any]]:
    """A job's incidents, oldest first, each with the name of its note."""
    found = ((name, notes.get_note(name)) for name in _listed(notes, job_id))
    return [{"note": name, **note} for name, note in found if note is not None]


def _listed(notes: Notes, job_id: str) -> list[str]:
    return list((notes.get_note(_list_name(job_id)) or {}).get("notes", ()))


def _list_name(job_id: str) -> str:
    return f"incidents#{job_id}"
