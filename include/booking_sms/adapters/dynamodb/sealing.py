"""Encryption at rest with rotating keys: the first key seals, every key opens."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from booking_sms.domain.errors import SettingsInvalid


class Sealer:
    """Seals texts with Fernet. To rotate, put the new key first and keep the old ones."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take Fernet keys (url-safe base64 of 32 bytes); SettingsInvalid for none or bad ones."""
        if not keys:
            raise SettingsInvalid("an encryption key is needed")
        try:
            fernets = [Fernet(key) for key in keys]
        except ValueError as error:
            raise SettingsInvalid("an encryption key is no Fernet key") from error
        self._current = fernets[0]
        self._all = MultiFernet(fernets)

    def seal(self, text: str) -> str:
        """Encrypt with the current key."""
        return self._current.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Decrypt with any key; None when no key opens it."""
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def renewed(self, sealed: str) -> str | None:
        """The same text under the current key, with the date it had; None when no key opens it."""
        try:
            return self._all.rotate(sealed).decode()
        except InvalidToken:
            return None

    def is_current(self, sealed: str, *, days: int | None = None) -> bool:
        """Whether the current key sealed this, within so many days of real time if they matter.

        If not, it should be sealed again.
        """
        try:
            self._current.decrypt(sealed, ttl=None if days is None else days * 86_400)
        except InvalidToken:
            return False
        return True
