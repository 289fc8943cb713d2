"""The jobs' steps, as the DAG tasks and the CLI call them: one function a task.

Each takes the composed Application and returns JSON-able counts and keys, never a person, so
its result may travel through XCom. What happens inside each step lives in ``pipeline``.
"""

from booking_sms.workflow.canary import listen, raise_synthetic_alarm, send_test_notices
from booking_sms.workflow.daily_summary import tell_day
from booking_sms.workflow.deadlines import late_key, tell_late
from booking_sms.workflow.evidence import collect_evidence
from booking_sms.workflow.extraction import (
    check_bookings,
    extract_store,
    extract_stores,
    open_session,
    record_failed_store,
)
from booking_sms.workflow.maintenance import erase_personal_data, refresh_session
from booking_sms.workflow.monthly import review_month
from booking_sms.workflow.planning import load_jobs, plan_jobs
from booking_sms.workflow.readiness import (
    check_readiness,
    decide_readiness,
    export_package,
    freeze_package,
    load_campaign,
    read_package,
    record_evidence,
    record_sign_off,
    report_readiness,
    sign_offs,
    sign_package,
)
from booking_sms.workflow.repairing import (
    approve_plan,
    execute_plan,
    preview_effects,
    read_repair_plan,
    repair_request,
)
from booking_sms.workflow.reporting import report_window, require_stores, window_report
from booking_sms.workflow.sending import (
    claim_and_send,
    expire_overdue,
    look_at_caps,
    poll_delivery_reports,
    report_dispatch,
    settle_unknown_outcomes,
)
from booking_sms.workflow.shadowing import (
    campaign_report,
    campaign_result,
    compare_window,
    read_legacy,
    report_shadow,
)
from booking_sms.workflow.steps import Summary
from booking_sms.workflow.text_reports import build_week, tell_week, text_report
from booking_sms.workflow.validating import (
    check_expectations,
    compare_outcomes,
    decide_candidate,
    load_golden,
    publish_golden,
)
from booking_sms.workflow.watchdog import Watchdog, WatchdogReport
from booking_sms.workflow.watching import audit_day, guard_visits, watch_windows
from booking_sms.workflow.windows import resolve_window

__all__ = [
    "Summary",
    "Watchdog",
    "WatchdogReport",
    "approve_plan",
    "audit_day",
    "build_week",
    "campaign_report",
    "campaign_result",
    "check_bookings",
    "check_expectations",
    "check_readiness",
    "claim_and_send",
    "collect_evidence",
    "compare_outcomes",
    "compare_window",
    "decide_candidate",
    "decide_readiness",
    "erase_personal_data",
    "execute_plan",
    "expire_overdue",
    "export_package",
    "extract_store",
    "extract_stores",
    "freeze_package",
    "guard_visits",
    "late_key",
    "listen",
    "load_campaign",
    "load_golden",
    "load_jobs",
    "look_at_caps",
    "open_session",
    "plan_jobs",
    "poll_delivery_reports",
    "preview_effects",
    "publish_golden",
    "raise_synthetic_alarm",
    "read_legacy",
    "read_package",
    "read_repair_plan",
    "record_evidence",
    "record_failed_store",
    "record_sign_off",
    "refresh_session",
    "repair_request",
    "report_dispatch",
    "report_readiness",
    "report_shadow",
    "report_window",
    "require_stores",
    "resolve_window",
    "review_month",
    "send_test_notices",
    "settle_unknown_outcomes",
    "sign_offs",
    "sign_package",
    "tell_day",
    "tell_late",
    "tell_week",
    "text_report",
    "watch_windows",
    "window_report",
]
