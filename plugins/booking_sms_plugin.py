"""The one file that Airflow's plugin scanner sees; it registers and does nothing else."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from booking_sms_airflow import run_listener
from booking_sms_airflow.deadlines import FirstQueued

PREFIX = "/booking-sms"


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """Our pages; imported by the first request, as every task loads this file."""
    from booking_sms_airflow.pages import app

    await app(scope, receive, send)


class BookingSmsPlugin(AirflowPlugin):
    """Everything that booking_sms adds to Airflow."""

    # The lists are what Airflow asks for.
    name = "booking_sms"
    listeners = [run_listener]  # noqa: RUF012
    deadline_references = [FirstQueued]  # noqa: RUF012
    fastapi_apps = [{"app": pages, "url_prefix": PREFIX, "name": name}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Parity",
            "href": f"{PREFIX}/parity",
            "destination": "nav",
            "url_route": "parity",
            "category": "browse",
        },
        {
            "name": "Texts",
            "href": f"{PREFIX}/report",
            "destination": "nav",
            "url_route": "report",
            "category": "browse",
        },
        {
            "name": "Review",
            "href": f"{PREFIX}/review",
            "destination": "nav",
            "url_route": "review",
            "category": "browse",
        },
    ]
