"""Every error of the project; its type says whether trying again is safe.

BookingSmsError
  ConfigError                 T  ConnectionMissing  ConnectionInvalid  RuleInvalid
                                 UnknownStore  MessageTextMissing  SecretMissing
                                 TableMissing  SettingsInvalid
  WindowRefused               T  no usable window, or one that must not be decided now
  ExtractError
    SessionNeedsPerson        T  LoginRejected  CaptchaRequired  NewDeviceRequired
                                 AccountLocked  LoginLayoutChanged  LoginBudgetSpent
    SessionExpired            R
    BrowserCrashed            R
    LoginUnavailable          R
    BookingApiUnavailable     R
    BookingApiThrottled       R
    BookingQueryRefused       T
    BookingSchemaChanged      T
    StoresFailed              T  raised once, at the end, with every store that failed
  TransformError
    BookingMalformed          T
    PhoneInvalid              T
    TextNotEncodable          T
    TextTooLong               T
    TextUnresolved            T
    TextNotLawful             T
    LedgerRowIncomplete       T
    FieldUnreadable           T
  LoadError
    StoreThrottled            R
    StoreUnavailable          R
    PayloadConflict           T  an incident: same key, another payload
    IllegalMove               T
    ActionRefused             T  a person asked for what the job's state forbids
    JobUnreadable             T  an item of the outbox that is no job of ours
  DispatchError
    SmsNotSent                R  certainly not sent
      SendingForbidden        R
      SmsThrottled            R
      SmsQuotaSpent           R  after a pause: all sending stops
      SignatureRejected       R  after a pause: all sending stops
    SmsRefused                T
    SmsOutcomeUnknown         ?
    GatewayListUnavailable    R
  AccountingBroken            T  planned is not the sum of the outcomes
  AuditResidue                T  SENS's list and our jobs do not agree
  ParityFailed                T  decisions differ from the recorded ones, or none was compared
  CanarySilent                T  a part of alerting was not heard
  BenchIncomplete             T  a measured text was not sent or not delivered
  AirflowUnavailable          R  Airflow's API does not answer, or refuses us
  AlertFailed                 R / T by ``retry_safe``

T terminal    R safe to retry    ? reconcile, never retry
"""

from __future__ import annotations

from typing import Any


class Terminal(Exception):
    """Trying again cannot help; somebody must change something."""


class Retryable(Exception):
    """Trying again is safe: nothing happened outside, or what happened is idempotent."""


class NeedsReconcile(Exception):
    """It may have happened. Never try again before the vendor's own ledger was read."""


class BookingSmsError(Exception):
    """Root of all errors. ``context`` holds ids and codes, never names, phones or texts."""

    def __init__(self, message: str = "", **context: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])
        self.context: dict[str, Any] = context

    @property
    def code(self) -> str:
        """Stable name used as a reason on jobs, windows and metrics."""
        return type(self).__name__

    def __str__(self) -> str:
        details = ", ".join(f"{key}={value}" for key, value in self.context.items())
        return f"{self.args[0]} ({details})" if details else str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, self.context))


def _rebuild(
    cls: type[BookingSmsError], args: tuple[Any, ...], context: dict[str, Any]
) -> BookingSmsError:
    return cls(*args, **context)


class ConfigError(BookingSmsError, Terminal):
    """The configuration cannot be used."""


class ConnectionMissing(ConfigError):
    """A connection is not defined."""


class ConnectionInvalid(ConfigError):
    """A connection lacks a field or holds a wrong one."""


class SettingsInvalid(ConfigError):
    """One or more settings are wrong; all problems are listed at once."""


class RuleInvalid(ConfigError):
    """A rule, message or store file does not fit its schema."""


class UnknownStore(ConfigError):
    """No store file describes this store."""


class MessageTextMissing(ConfigError):
    """No text exists for this message kind and store."""


class SecretMissing(ConfigError):
    """A ``secret:`` reference has no value in the secret store."""


class TableMissing(ConfigError):
    """A DynamoDB table does not exist; ``booking-sms doctor --fix`` creates it."""


class WindowRefused(BookingSmsError, Terminal):
    """The window is not stated, or must not be decided now."""


class ExtractError(BookingSmsError):
    """Bookings could not be read."""


class SessionNeedsPerson(ExtractError, Terminal):
    """The Naver session cannot be had without a person; no further attempt is made."""

    state = "UNKNOWN"


class LoginRejected(SessionNeedsPerson):
    """Naver says that the id or the password is wrong."""

    state = "BAD_CREDENTIALS"


class CaptchaRequired(SessionNeedsPerson):
    """Naver shows a captcha; it is never solved by us."""

    state = "CAPTCHA"


class NewDeviceRequired(SessionNeedsPerson):
    """Naver asks to confirm a new device or a second step."""

    state = "NEW_DEVICE"


class AccountLocked(SessionNeedsPerson):
    """Naver protects the account until its owner releases it."""

    state = "LOCKED"


class LoginLayoutChanged(SessionNeedsPerson):
    """The login page has none of the elements that we know."""

    state = "LAYOUT_CHANGED"


class LoginBudgetSpent(SessionNeedsPerson):
    """The attempt budget that guards the account is spent."""

    state = "BUDGET_SPENT"


class SessionExpired(ExtractError, Retryable):
    """The booking API no longer accepts the session cookies."""


class BrowserCrashed(ExtractError, Retryable):
    """The browser died or did not answer, also after one restart."""


class LoginUnavailable(ExtractError, Retryable):
    """The login page cannot be reached, fails, or does not answer in time."""


class BookingApiUnavailable(ExtractError, Retryable):
    """The booking API failed, timed out, or answered what cannot be read."""


class BookingApiThrottled(ExtractError, Retryable):
    """The booking API asks to slow down."""


class BookingQueryRefused(ExtractError, Terminal):
    """The booking API refused the query itself (range, format, unknown store)."""


class BookingSchemaChanged(ExtractError, Terminal):
    """The booking API's answer no longer has the shape that we know."""


class StoresFailed(ExtractError, Terminal):
    """At least one store could not be read in this window."""


class TransformError(BookingSmsError):
    """A booking or message could not be worked out."""


class BookingMalformed(TransformError, Terminal):
    """A booking payload lacks what every booking has; it is quarantined."""


class PhoneInvalid(TransformError, Terminal):
    """The phone number cannot receive a Korean text message."""


class TextNotEncodable(TransformError, Terminal):
    """The text holds characters that SENS cannot send."""


class TextTooLong(TransformError, Terminal):
    """The text is over SENS's byte limit; SENS would cut it silently."""


class TextUnresolved(TransformError, Terminal):
    """The text names a variable that has no value, or cannot be worked out."""


class TextNotLawful(TransformError, Terminal):
    """An advertising text lacks its label, sender name or opt-out line."""


class LedgerRowIncomplete(TransformError, Terminal):
    """A ledger row lacks an attribute that a rule reads; LEGACY's KeyError."""


class FieldUnreadable(TransformError, Terminal):
    """A booking has no field of the type that a rule compares."""


class LoadError(BookingSmsError):
    """A job could not be stored or moved."""


class StoreThrottled(LoadError, Retryable):
    """DynamoDB throttles us."""


class StoreUnavailable(LoadError, Retryable):
    """DynamoDB cannot be reached or failed."""


class PayloadConflict(LoadError, Terminal):
    """Incident: a job with this key exists with another payload."""


class IllegalMove(LoadError, Terminal):
    """The state machine has no such move from this state."""


class ActionRefused(LoadError, Terminal):
    """What a person asked for is not legal for this job now."""


class JobUnreadable(LoadError, Terminal):
    """An item of the outbox cannot be read as a job; it is left alone and named."""


class DispatchError(BookingSmsError):
    """A text did not go through."""


class SmsNotSent(DispatchError, Retryable):
    """Certainly not sent: the request never reached SENS, or SENS says so."""


class SendingForbidden(SmsNotSent):
    """Delivery mode, kill switch or host guard forbids sending; no byte left."""


class SmsThrottled(SmsNotSent):
    """SENS throttles us (429, throttle or rate); nothing was accepted."""


class SmsQuotaSpent(SmsNotSent):
    """SENS says that the quota is spent (429, quota); all sending pauses and alarms."""


class SignatureRejected(SmsNotSent):
    """SENS refused our key, signature, timestamp or service id; all sending pauses and alarms.

    Not a refusal of the message: a mistake in our configuration must not burn a single text.
    """


class SmsRefused(DispatchError, Terminal):
    """SENS refused the message for good (4xx)."""


class SmsOutcomeUnknown(DispatchError, NeedsReconcile):
    """The text may or may not have gone out."""


class GatewayListUnavailable(DispatchError, Retryable):
    """SENS's list could not be read; no doubt may be settled by it."""


class AccountingBroken(BookingSmsError, Terminal):
    """A message has no outcome, or two: planned is not the sum of the outcomes."""


class AuditResidue(BookingSmsError, Terminal):
    """SENS's list and our jobs do not agree; the table says where."""


class ParityFailed(BookingSmsError, Terminal):
    """Our decisions differ from what was recorded or expected, or nothing was compared."""


class BenchIncomplete(BookingSmsError, Terminal):
    """A text of the bench was not sent or not delivered: what was measured says nothing."""


class CanarySilent(BookingSmsError, Terminal):
    """A part of alerting was not heard; the context says which and why."""


class AirflowUnavailable(BookingSmsError, Retryable):
    """Airflow's API did not answer, or refused the question."""


class AlertFailed(BookingSmsError):
    """A notice could not be delivered; ``retry_safe`` says whether trying again may help."""

    def __init__(self, message: str = "", *, retry_safe: bool = False, **context: Any) -> None:
        super().__init__(message, **context)
        self.retry_safe = retry_safe

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, {**self.context, "retry_safe": self.retry_safe}))
