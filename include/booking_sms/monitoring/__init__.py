"""What watches the system: one CloudFormation template, read, applied, checked and drilled.

``monitoring/booking-sms.template.yaml`` is the only statement of alarms, dashboards and saved
queries. Everything here reads it; nothing here repeats a threshold.
"""
