"""Airflow's REST API, for those who watch it from outside."""

from booking_sms.adapters.airflow.api import AirflowApi

__all__ = ["AirflowApi"]
