"""Is everything there that a run needs? Every finding names what, where, and the remedy."""

from booking_sms.diagnosis.doctor import checks_of, diagnose, diagnose_without
from booking_sms.diagnosis.finding import Check, Finding, Severity, look

__all__ = ["Check", "Finding", "Severity", "checks_of", "diagnose", "diagnose_without", "look"]
