"""The one file that Airflow's plugin scanner sees; it registers and does nothing else."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from booking_sms_airflow.deadlines import FirstQueued


class BookingSmsPlugin(AirflowPlugin):
    """Everything that booking_sms adds to Airflow: pages and listeners will be named here."""

    name = "booking_sms"
    deadline_references = [FirstQueued]  # noqa: RUF012 - the list that Airflow asks for
