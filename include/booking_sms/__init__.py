"""booking_sms: Naver Place bookings into text messages, each accounted for.

The package knows nothing of Airflow; DAGs and plugins call it, never the other way round.
"""

__version__ = "0.1.0"
