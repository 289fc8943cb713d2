"""Airflow and the embedded world on one machine, for `make run`, `make up` and the tests.

Everything listens on 127.0.0.1, on free ports. Nothing here is used in production.
"""
