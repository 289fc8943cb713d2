"""Which window a run is about."""

from __future__ import annotations

from datetime import datetime, timedelta

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import (
    WindowRefused,
)
from booking_sms.domain.window import (
    Window,
    is_window_end,
)

CLOCK_TOLERANCE = timedelta(minutes=1)
"""A worker's clock may be this much behind the scheduler's."""


def resolve_window(
    app: Application,
    data_interval_end: datetime | None,
    window_end_param: str | None,
    run_type: str,
) -> Window:
    """The window of a DAG run: ``window_end`` for manual runs, else its data interval's end.

    Raises WindowRefused when neither is given, when the instant is not the end of a window,
    when a scheduled one lies before ``effective_from``, or when it is still to come on the
    business clock.
    """
    window = Window(_window_end(data_interval_end, window_end_param))
    if run_type == "scheduled" and app.settings.is_before_start(window.as_of):
        raise WindowRefused("the window lies before effective_from", window=window.name)
    if window.as_of > app.clock.now() + CLOCK_TOLERANCE:
        raise WindowRefused("the window has not ended yet", window=window.name)
    return window


def _window_end(data_interval_end: datetime | None, window_end_param: str | None) -> datetime:
    if window_end_param:
        return parse_window_end(window_end_param)
    if data_interval_end is None:
        raise WindowRefused("a manual run needs the parameter window_end (ISO, with offset)")
    return _as_window_end(data_interval_end)


def parse_window_end(text: object) -> datetime:
    """The end of a window as a person writes it: ISO, with offset. Raises WindowRefused."""
    try:
        as_of = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise WindowRefused("window_end is not an ISO instant", window_end=text) from None
    if as_of.tzinfo is None:
        raise WindowRefused("window_end has no offset", window_end=text)
    return _as_window_end(as_of)


def _as_window_end(as_of: datetime) -> datetime:
    if not is_window_end(as_of):
        raise WindowRefused("windows end at :00, :20 and :40", window_end=as_of.isoformat())
    return as_of
