"""The command ``booking-sms``: what people without a scheduler, and operators, type."""
