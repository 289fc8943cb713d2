"""A plan between two tasks: staged, sealed, read back as it was.

It holds recipients and texts with door codes, so it is encrypted before it touches the stage,
and only its key travels through XCom.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Protocol

from pydantic import TypeAdapter

from booking_sms.domain.booking import KST
from booking_sms.domain.errors import SettingsInvalid
from booking_sms.domain.window import Window
from booking_sms.pipeline.job_batch import JobBatch
from booking_sms.ports import PayloadStage

_BATCH = TypeAdapter(JobBatch)
_PREFIX = "plans"


class Seals(Protocol):
    """Encrypts what rests outside the tables."""

    def seal(self, text: str) -> str:
        """Encrypt."""
        ...

    def open(self, sealed: str) -> str | None:
        """Decrypt; None when no key opens it."""
        ...


def write_plan(stage: PayloadStage, sealer: Seals, window: Window, batch: JobBatch) -> str:
    """Stage a batch at a key of its own; return the key."""
    document = _BATCH.dump_json(batch).decode()
    key = f"{_PREFIX}/{_stamp(window.as_of)}/{uuid.uuid4().hex}"
    return stage.write(key, {"sealed": sealer.seal(document)})


def read_plan(stage: PayloadStage, sealer: Seals, key: str) -> JobBatch:
    """Read a staged batch; KeyError for an unknown key, SettingsInvalid if no key opens it."""
    document = sealer.open(stage.read(key)["sealed"])
    if document is None:
        raise SettingsInvalid("no key of booking_sms_default opens the staged plan", key=key)
    return _BATCH.validate_json(document)


def plan_keys(stage: PayloadStage, as_of: datetime) -> list[str]:
    """Keys of the plans of all windows of ``as_of``'s Korean day that ended by then."""
    last = _stamp(as_of)
    keys = stage.list(f"{_PREFIX}/{last[:8]}T")
    return [key for key in keys if key.split("/")[1] <= last]


def _stamp(as_of: datetime) -> str:
    return f"{as_of.astimezone(KST):%Y%m%dT%H%M}"
