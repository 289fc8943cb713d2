"""The Airflow-facing package: the only code of ours that knows both Airflow and booking_sms.

Imported normally by DAG files (the plugins folder is on ``sys.path``), never scanned by the
plugin loader. It decides nothing about bookings or texts.
"""
