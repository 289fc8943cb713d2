"""Tells people of standing troubles once each, and of their end, whoever looks how often.

What was told rests in a note, so that a new process goes on where the last one ended. While the
note cannot be read, the process's own memory has to do: rather twice than not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from booking_sms.domain.errors import BookingSmsError
from booking_sms.ports import ControlRepository

Remembered = dict[str, dict[str, str]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that somebody must act on; ``said`` is for people, with how it was noticed.

    ``part`` saw it: while that part is blind, nothing of it is over. An ``event`` has happened and
    does not end.
    """

    key: str
    part: str
    said: str
    is_event: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one telling said: keys of what is new and of what is over."""

    new: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    reached: bool = True


@dataclass(kw_only=True)
class TroubleBook:
    """What has been told and not ended yet: {key: {part, said}}, kept as the note ``name``.

    ``titles`` head the new troubles and those that are over. ``memory`` is what stands in for the
    note while that cannot be read; give each book of a process the same.
    """

    name: str
    control: ControlRepository
    page: Callable[[str], bool]
    titles: tuple[str, str]
    memory: Remembered = field(default_factory=dict)

    def tell(self, troubles: Iterable[Trouble], blind: Iterable[str]) -> Told:
        """Page what is new and what is over; what reaches nobody is told by the next call."""
        found = {trouble.key: trouble for trouble in troubles}
        known, unseen = self._read(), set(blind)
        new = {key: trouble for key, trouble in found.items() if key not in known}
        over = {
            key: facts
            for key, facts in known.items()
            if key not in found and facts["part"] not in unseen
        }
        ended = {key: facts for key, facts in over.items() if not facts["event"]}
        reached = self._page(new, ended) if new or ended else True
        if reached:
            kept = {key: facts for key, facts in known.items() if key not in over}
            self._write(kept | {key: _facts(trouble) for key, trouble in new.items()}, known)
        return Told(new=tuple(new), over=tuple(ended), reached=reached)

    def _page(self, new: Mapping[str, Trouble], ended: Mapping[str, Mapping[str, str]]) -> bool:
        trouble, relief = self.titles
        lines = [trouble, *(f"- {one.said}" for one in new.values())] if new else []
        lines += [relief, *(f"- {facts['said']}" for facts in ended.values())] if ended else []
        return self.page("\n".join(lines))

    def _read(self) -> Remembered:
        try:
            note = self.control.get_note(self.name)
        except BookingSmsError as error:
            log.warning("troubles_not_read", error=error.code)
            return dict(self.memory)
        return dict(note.get("told", {})) if note is not None else {}

    def _write(self, told: Remembered, known: Mapping[str, object]) -> None:
        self.memory.clear()
        self.memory.update(told)
        if told == known:
            return
        try:
            self.control.put_note(self.name, {"told": told})
        except BookingSmsError as error:
            log.warning("troubles_not_kept", error=error.code)


def _facts(trouble: Trouble) -> dict[str, str]:
    event = "event" if trouble.is_event else ""
    return {"part": trouble.part, "said": trouble.said, "event": event}
