"""An alert channel that remembers what people would have read."""

from __future__ import annotations

from booking_sms.domain.errors import AlertFailed


class RecordingAlertChannel:
    """Keeps every text in ``texts``; raises ``failure`` instead while it is set."""

    def __init__(self, name: str = "recording") -> None:
        self.name = name
        self.texts: list[str] = []
        self.failure: AlertFailed | None = None

    def send(self, text: str) -> None:
        """Record the text, or raise the failure that a test asked for."""
        if self.failure is not None:
            raise self.failure
        self.texts.append(text)
