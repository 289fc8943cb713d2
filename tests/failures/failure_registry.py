"""Thirty-six failures of other systems, each with the test that keeps it out of ours.

``docs/failures.md`` is this table: ``python tests/failures/failure_registry.py`` writes it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "failures.md"

SENDING = "tests/failures/test_sending_failures.py"
DECIDING = "tests/failures/test_deciding_failures.py"
READING = "tests/failures/test_reading_failures.py"
MISSED = "tests/failures/test_window_failures.py"
ERRORS = "tests/unit/adapters/sens/test_gateway_errors.py"
RACES = "tests/contract/test_job_races.py"
SHADOW = "tests/unit/parity/test_shadow_compare.py"
CANARY = "tests/unit/test_canary_workflow.py"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure: what happened where, what we do, and the tests (``file::name``) that hold it."""

    number: int
    happened: str
    seen_at: str
    we: str
    tests: tuple[str, ...]


FAILURES = (
    Failure(
        number=1,
        happened="The client timed out, the provider had accepted, the retry sent again",
        seen_at="alexjustesen/speedtest-tracker#2653, michaelkourlas/voipms-sms-client#105, "
        "odoo/odoo PR #55717",
        we="in doubt; settled by SENS's list, no resend on suspicion",
        tests=(f"{SENDING}::test_client_timed_out_but_the_provider_had_accepted",),
    ),
    Failure(
        number=2,
        happened="A delivery report raced the sender's own write, which was rolled back",
        seen_at="odoo/odoo PR #264736",
        we="the intent is durable before the POST; a report undoes nothing",
        tests=(f"{SENDING}::test_delivery_report_raced_the_senders_own_write",),
    ),
    Failure(
        number=3,
        happened="Two workers took the same row",
        seen_at="odoo/odoo PR #275696",
        we="one conditional write claims a job; fifty at once have one winner",
        tests=(
            f"{SENDING}::test_fifty_workers_took_the_same_row",
            f"{RACES}::test_of_fifty_claims_one_wins",
        ),
    ),
    Failure(
        number=4,
        happened="The queue delivered a task twice; a restart ran it again",
        seen_at="alphagov/notifications-api#747, #474",
        we="the second run reads the state and stops",
        tests=(f"{SENDING}::test_queue_delivered_the_task_twice_and_a_restart_ran_it_again",),
    ),
    Failure(
        number=5,
        happened="A rescuer overwrote a finished job from a stale read",
        seen_at="riverqueue/river#1302",
        we="every write carries state and token",
        tests=(
            f"{SENDING}::test_rescuer_overwrote_a_finished_job_from_a_stale_read",
            f"{RACES}::test_a_finished_job_is_not_overwritten_from_a_stale_copy",
        ),
    ),
    Failure(
        number=6,
        happened="A timeout freed the lock, and the side effect ran again",
        seen_at="aws-powertools/powertools-lambda-python#8049",
        we="a lapsed lease leads to doubt, never back to the queue",
        tests=(f"{SENDING}::test_timeout_freed_the_lock_and_the_side_effect_ran_again",),
    ),
    Failure(
        number=7,
        happened="DynamoDB applied a write, its answer was lost, the retry failed its condition",
        seen_at="aws/aws-sdk-java#2667",
        we="read back; our own token says that we won",
        tests=(
            f"{SENDING}::test_write_was_applied_but_its_answer_was_lost",
            f"{RACES}::test_an_intent_whose_answer_was_lost_had_won",
            f"{RACES}::test_an_accept_whose_answer_was_lost_had_won",
        ),
    ),
    Failure(
        number=8,
        happened="Ambiguous failures were replayed",
        seen_at="elizaOS/eliza#22382",
        we="only what was certainly not sent is sent again; the error table is closed",
        tests=(
            f"{SENDING}::test_ambiguous_failure_was_replayed",
            f"{ERRORS}::test_only_what_was_certainly_not_sent_is_sent_again",
        ),
    ),
    Failure(
        number=9,
        happened="A reminder went out after the booking was cancelled",
        seen_at="calcom/cal.diy#7225, PR #7232",
        we="decided when due, never at booking time; a cancellation wins until the intent",
        tests=(
            f"{DECIDING}::test_reminder_went_out_after_the_booking_was_cancelled",
            f"{DECIDING}::test_cancellation_between_enqueue_and_send_failed_silently",
            f"{MISSED}::test_reminder_that_waited_went_out_after_the_cancellation",
        ),
    ),
    Failure(
        number=10,
        happened="A moved booking kept its old reminder alive",
        seen_at="calcom/cal.diy#6905, onehashai/Cal-ID#1020",
        we="no reminder exists before it is due; one for each start that stood",
        tests=(
            f"{DECIDING}::test_rescheduled_booking_kept_its_old_reminder_alive",
            f"{MISSED}::test_reminder_that_waited_named_the_start_that_was_given_up",
        ),
    ),
    Failure(
        number=11,
        happened="A booking made inside the window got nothing, or everything at once",
        seen_at="calcom/cal.diy#7418, #10749, onehashai/Cal-ID#1442",
        we="what is still of use goes at once, each once",
        tests=(f"{DECIDING}::test_booking_made_inside_the_window_got_nothing_or_everything",),
    ),
    Failure(
        number=12,
        happened="Cron missed a day, and an equality test meant never",
        seen_at="invoiceninja/invoiceninja#2183",
        we="decided afterwards as of its own instant, approved, within its hours",
        tests=(
            f"{DECIDING}::test_cron_missed_the_evening_and_never_came_back_to_it",
            f"{MISSED}::test_cron_missed_an_evening_and_nobody_saw_it",
        ),
    ),
    Failure(
        number=13,
        happened="A ten-minute window fell between two hourly runs",
        seen_at="AI-Shipping-Labs/website#1001",
        we="a window narrower than the runs are apart is refused when rules are checked",
        tests=(f"{DECIDING}::test_ten_minute_window_fell_between_two_hourly_runs",),
    ),
    Failure(
        number=14,
        happened="A condition was false at midnight and skipped for ever",
        seen_at="frappe/frappe#33197",
        we="every window looks again",
        tests=(f"{DECIDING}::test_condition_was_false_at_midnight_and_skipped_for_ever",),
    ),
    Failure(
        number=15,
        happened="Two alarms times two events made four texts; three came at once",
        seen_at="odoo/odoo PR #195782, masslight/ottehr#3980",
        we="a message is known by booking, kind and occurrence; advertising keeps a gap",
        tests=(
            f"{DECIDING}::test_two_alarms_and_two_events_made_four_texts",
            f"{DECIDING}::test_two_advertising_texts_reached_one_guest_in_a_minute",
        ),
    ),
    Failure(
        number=16,
        happened="Past dates were texted; catching up sent everything at once",
        seen_at="odoo/odoo PR #62701, civicrm/civicrm-core PR #10255, coldfront/coldfront#464",
        we="what is over expires, an old plan waits for approval, a day has a cap",
        tests=(
            f"{DECIDING}::test_recurring_event_texted_every_past_date",
            f"{DECIDING}::test_first_run_after_a_pause_sent_everything_at_once",
            f"{DECIDING}::test_storm_of_texts_had_no_ceiling",
            f"{MISSED}::test_catching_up_sent_everything_at_once_and_unread",
        ),
    ),
    Failure(
        number=17,
        happened="A placeholder or [object Object] reached a customer",
        seen_at="calcom/cal.diy#9859, PR #8028, onehashai/Cal-ID#1409, "
        "NHSDigital/manage-vaccinations-in-schools PR #2823",
        we="held with the reason, one alert for each text, the others go on",
        tests=(
            f"{DECIDING}::test_placeholder_was_sent_to_a_customer",
            f"{DECIDING}::test_object_was_printed_into_a_text",
            "tests/unit/pipeline/test_text_alerts.py"
            "::test_one_alert_names_the_text_the_reason_and_the_stores",
        ),
    ),
    Failure(
        number=18,
        happened="One bad row stopped the whole job",
        seen_at="MantaRayMedia/bgs#314",
        we="it is quarantined, held or waits; the job goes on and counts it",
        tests=(
            f"{SENDING}::test_one_bad_row_stopped_the_whole_job",
            f"{SENDING}::test_text_that_could_not_be_opened_goes_out_once_the_key_is_back",
            f"{SENDING}::test_digest_without_a_text_stopped_the_others",
            f"{READING}::test_one_malformed_booking_stopped_the_import",
        ),
    ),
    Failure(
        number=19,
        happened="Every send failed, and the run called itself done",
        seen_at="isuru89/moodle-local_reminders#33, openstreetmap/operations#196",
        we="planned is the sum of the outcomes, and none of them says sent",
        tests=(f"{SENDING}::test_every_send_failed_and_the_run_called_itself_done",),
    ),
    Failure(
        number=20,
        happened="A bad number was retried for ever; a plus made it another country",
        seen_at="calcom/cal.diy PR #14943, ONE-F-M/one_fm PR #6523",
        we="held, never tried; a strict Korean parser",
        tests=(
            f"{DECIDING}::test_bad_number_was_retried_for_ever",
            f"{DECIDING}::test_plus_sign_made_it_another_country",
        ),
    ),
    Failure(
        number=21,
        happened="A 90-byte text was cut at 44 characters; no-op edits sent \"changed\" texts",
        seen_at="opencloset/opencloset#392, #1261",
        we="bytes counted as SENS counts when the text is made; only what matters is a change",
        tests=(
            f"{DECIDING}::test_ninety_byte_text_was_cut_at_44_characters",
            f"{DECIDING}::test_emoji_was_cut_out_or_broke_the_text",
            f"{DECIDING}::test_edit_that_changed_nothing_texted_that_something_had_changed",
        ),
    ),
    Failure(
        number=22,
        happened="A login from a cloud address met a captcha; the page changed",
        seen_at="stateofai/naver-paper#56",
        we="one try, a person is told, the windows say that they failed, the next one heals",
        tests=(
            f"{READING}::test_login_from_a_cloud_address_met_a_captcha_and_tried_on",
            f"{READING}::test_windows_behind_a_captcha_looked_like_quiet_ones",
        ),
    ),
    Failure(
        number=23,
        happened="Airflow killed a task that had succeeded, or showed a killed one as success",
        seen_at="apache/airflow#63183, #65708, #60858",
        we="a task's colour says nothing of a text; killed anywhere and run again, no duplicate",
        tests=(
            f"{SENDING}::test_task_was_killed_after_it_had_succeeded_and_run_again",
            "tests/unit/pipeline/test_crash_points.py"
            "::test_after_a_crash_the_next_runs_do_what_the_table_says",
            "tests/unit/pipeline/test_watch.py::test_it_is_seen_that_nothing_ran_at_all",
            "tests/e2e/test_watchdog.py::test_a_killed_task_is_noticed_by_its_log",
        ),
    ),
    Failure(
        number=24,
        happened="A deadline stopped firing after an edit; a failure callback never fired",
        seen_at="apache/airflow#68732, #63374, spore-host/spawn PR #504",
        we="a daily canary, and a heartbeat whose absence alarms",
        tests=(
            "tests/e2e/test_alert_canary.py::test_every_part_is_heard_while_all_is_well",
            f"{CANARY}::test_a_deadline_without_a_callback_is_silent",
            "tests/unit/plugins/test_airflow_heartbeats.py::test_a_good_end_is_a_heartbeat",
            "tests/unit/monitoring/test_drill.py::test_every_alarm_fires_and_clears",
        ),
    ),
    Failure(
        number=25,
        happened="A backfill stuck without status; a manual run had no interval",
        seen_at="apache/airflow#58554, #69658, #46197, PR #72054",
        we="a second road with an explicit window, the same planner, the same approval",
        tests=(
            f"{READING}::test_window_that_was_run_again_by_hand_texted_again",
            "tests/unit/plugins/test_airflow_window.py::test_a_manual_run_names_its_window",
            f"{MISSED}::test_backfill_and_repair_of_one_window_both_texted",
        ),
    ),
    Failure(
        number=26,
        happened="Stale time zone data moved the hour",
        seen_at="calcom/cal.diy#30104",
        we="Korea's one offset is checked in the installed data; instants are compared, not hours",
        tests=(f"{DECIDING}::test_stale_time_zone_data_moved_the_hour",),
    ),
    Failure(
        number=27,
        happened="A digest's retry merged into itself, and its batch vanished",
        seen_at="novuhq/novu#12373",
        we="a digest is one job with one text; tomorrow's is another",
        tests=(f"{SENDING}::test_digest_merged_into_itself_and_its_batch_vanished",),
    ),
    Failure(
        number=28,
        happened="A dedupe window ate two distinct reminders",
        seen_at="EverMind-AI/Raven#161",
        we="two bookings are two messages, also word for word the same",
        tests=(f"{SENDING}::test_dedupe_window_ate_two_distinct_reminders",),
    ),
    Failure(
        number=29,
        happened="The delivery id changed with each attempt",
        seen_at="OpenWA#1641",
        we="the job keeps its id; each attempt has a reference of its own",
        tests=(f"{SENDING}::test_delivery_id_changed_with_each_attempt",),
    ),
    Failure(
        number=30,
        happened="A comparator ignored a misspelt tolerance; parity passed on two crashes",
        seen_at="capitalone/datacompy PR #564",
        we="unknown keys are refused; nothing compared and two errors are no pass",
        tests=(
            "tests/unit/parity/test_explained.py::test_a_misspelt_tolerance_is_refused",
            "tests/unit/parity/test_compare.py::test_nothing_compared_is_not_a_pass",
            "tests/unit/parity/test_compare.py"
            "::test_an_error_on_either_side_is_a_difference_in_every_channel",
            f"{SHADOW}::test_campaign_of_nothing_is_vacuous",
            f"{SHADOW}::test_window_that_nobody_read_is_listed_and_matches_nothing",
        ),
    ),
    Failure(
        number=31,
        happened="An expectation found a mismatch and showed no rows",
        seen_at="great-expectations/great_expectations#6608",
        we="each difference is named by booking and path",
        tests=(
            "tests/unit/parity/test_page.py::test_the_table_has_a_row_for_every_difference",
        ),
    ),
    Failure(
        number=32,
        happened="A checkpoint's result broke XCom",
        seen_at="great-expectations/airflow-provider-great-expectations#35",
        we="counts and keys in XCom, the result elsewhere",
        tests=("tests/unit/test_validating.py::test_what_travels_between_tasks_names_nobody",),
    ),
    Failure(
        number=33,
        happened="A failed send was marked as sent; a failed record texted each run; a switch "
        "burned reminders; an error in a condition was a silent no",
        seen_at="the predecessor's own source",
        we="the flag follows the acceptance, the intent comes first, a switch consumes nothing, "
        "an error is counted",
        tests=(
            f"{SENDING}::test_failed_send_was_marked_as_sent",
            f"{SENDING}::test_record_could_not_be_written_and_every_run_texted_again",
            f"{SENDING}::test_kill_switch_burned_the_reminders_it_held_back",
            f"{DECIDING}::test_error_in_a_condition_was_a_silent_no",
        ),
    ),
    Failure(
        number=34,
        happened="A deadline's callback put the scheduler into a crash loop",
        seen_at="apache/airflow#58560, #58949",
        we="callbacks are async, importable everywhere, and few",
        tests=(
            "tests/dags/test_dag_structure.py"
            "::test_a_window_is_late_by_the_queue_and_not_by_its_end",
            "tests/unit/plugins/test_airflow_deadlines.py::test_a_backfilled_run_is_never_late",
        ),
    ),
    Failure(
        number=35,
        happened="A failing provider was replaced by another without a word",
        seen_at="fluent-smtp#380",
        we="one way to a customer's phone; what SENS does not take waits, with its reason",
        tests=(f"{SENDING}::test_failing_provider_was_replaced_by_another_without_a_word",),
    ),
    Failure(
        number=36,
        happened="The retry succeeded after the text had lost its use",
        seen_at="woowacourse-teams/2025-bom-bom PR #646",
        we="past its useful life it expires, with a reason",
        tests=(f"{SENDING}::test_retry_succeeded_after_the_text_had_lost_its_use",),
    ),
)  # fmt: skip

INTRODUCTION = """# Failures that happened elsewhere

Thirty-six failures of booking, notification and scheduling systems, from public threads, and what
this system does in the same place. Each test is named after what happened. Written by
`tests/failures/failure_registry.py`; a test holds this page, the tests and the table together.

| # | what happened | we | held by |
|---|---|---|---|
"""


def render() -> str:
    """The page."""
    return INTRODUCTION + "".join(f"{_row(failure)}\n" for failure in FAILURES)


def _row(failure: Failure) -> str:
    held_by = [f"`{test.rpartition('::')[2]}`" for test in failure.tests]
    happened = f"{failure.happened} ({failure.seen_at})"
    return f"| {failure.number} | {happened} | {failure.we} | {'<br>'.join(held_by)} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    sys.exit(0)
