"""The named scenes of a world: one line a booking, written around one day.

Times read ``HH:MM`` on that day or ``+5d HH:MM`` days away. They are laid out so that the windows
13:40, 14:00, 14:20, 20:00, 20:20 and 20:40 meet every kind of case.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.clock import KST

EARLIER = "earlier"  # some days before; the seed says which
AT_ONCE = "at once"  # confirmed some seconds after registration


@dataclass(frozen=True)
class Scene:
    """One booking of the named part of a world."""

    slug: str
    start: str
    registered: str = EARLIER
    confirmed: str | None = AT_ONCE
    cancelled: str | None = None
    no_show: str | None = None
    completed: str | None = None
    options: str = "plain"
    phone: str = "mobile"
    name: str = "plain"
    phone_changed: str | None = None
    status: str | None = None
    masked: bool = False
    coupon: bool = False
    moved_from: str | None = None
    same_id_as: str | None = None
    same_person_as: str | None = None


def moment(day: date, text: str) -> datetime:
    """The instant that ``text`` names, seen from ``day``."""
    shift, _, clock = text.rpartition(" ")
    days = int(shift.removesuffix("d")) if shift else 0
    at = time.fromisoformat(clock)
    return datetime.combine(day + timedelta(days=days), at, tzinfo=KST)


_AFTERNOON = (
    Scene("far_away", "+5d 11:00"),
    Scene("inside_two_hours", "15:00"),
    Scene("exactly_two_hours_new", "15:40"),
    Scene("two_hours_one_minute_new", "15:41"),
    Scene("at_start", "13:40"),
    Scene("already_past", "12:00", completed="15:00"),
    Scene("reminder_due_1400", "15:50"),
    Scene("exactly_two_hours_known", "16:00"),
    Scene("new_1400_inside", "15:30", registered="13:52"),
    Scene("new_1400_exactly_two_hours", "16:00", registered="13:50"),
    Scene("new_1420_at_start", "14:20", registered="14:10"),
    Scene("requested_only", "15:30", confirmed=None),
    Scene("confirmed_late", "16:10", registered="13:30", confirmed="14:10"),
    Scene("cancelled_before_reminder", "16:10", cancelled="13:55"),
    Scene("cancelled_never_seen", "+1d 10:00", registered="13:45", cancelled="13:58"),
    Scene("no_show", "12:30", no_show="13:20"),
    Scene("no_show_with_keyword", "14:00", no_show="15:30", options="naver"),
)
_MOVES_AND_TWINS = (
    Scene("moved_away", "15:35", cancelled="13:50"),
    Scene("moved_away_new", "19:30", registered="13:50", moved_from="moved_away"),
    Scene("moved_nearer", "+1d 13:00", cancelled="14:10"),
    Scene("moved_nearer_new", "16:15", registered="14:10", moved_from="moved_nearer"),
    Scene("same_id_first_store", "+1d 14:00"),
    Scene("same_id_other_store", "+2d 15:00", same_id_as="same_id_first_store"),
    Scene("customer_first_booking", "15:10"),
    Scene("customer_second_booking", "+3d 15:10", same_person_as="customer_first_booking"),
)
_SHAPES = (
    Scene("phone_changed", "15:25", phone_changed="13:50"),
    Scene("phone_ten_digits", "15:05", phone="ten_digits"),
    Scene("phone_safe", "15:20", phone="safe"),
    Scene("phone_landline", "15:15", phone="landline"),
    Scene("phone_foreign", "+1d 12:00", phone="foreign"),
    Scene("phone_masked", "15:45", masked=True),
    Scene("phone_missing", "+1d 16:00", phone="missing"),
    Scene("name_nbsp", "15:55", name="nbsp"),
    Scene("name_emoji", "+1d 17:30", name="emoji"),
    Scene("options_empty", "+2d 10:00", options="empty"),
    Scene("options_null", "+2d 11:00", options="null"),
    Scene("unknown_status", "15:00", status="RC99"),
    Scene("ahead_31_days", "+31d 10:00"),
    Scene("ahead_45_days", "+45d 14:00", registered="-1d 20:00"),
    Scene("retouch_and_coupon", "+1d 18:00", options="retouch", coupon=True),
)
_EVENTS = (
    Scene("event_naver_1", "13:10", options="naver"),
    Scene("event_insta_1", "13:30", options="insta"),
    Scene("event_original_1", "14:30", options="original", coupon=True),
    Scene("event_naver_2", "15:00", options="naver"),
    Scene("event_insta_2", "16:00", options="insta"),
    Scene("event_original_2", "16:30", options="original"),
    Scene("event_naver_3", "17:00", options="naver"),
    Scene("event_insta_3", "17:30", options="insta"),
    Scene("no_keyword", "14:00"),
    Scene("event_completed_2012", "19:05", options="naver"),
    Scene("event_completed_2032", "19:25", options="insta"),
    Scene("event_never_seen_before", "10:00", options="naver"),
    Scene("event_yesterday", "-1d 20:30", options="original"),
)
_EVENING = (
    Scene("evening_inside_two_hours", "21:30", registered="19:50"),
    Scene("evening_exactly_two_hours", "22:00", registered="19:45"),
    Scene("reminder_due_2000", "21:50"),
    Scene("reminder_due_2040", "22:35"),
    Scene("evening_cancelled", "22:30", cancelled="20:05"),
    Scene("evening_at_start", "20:40", registered="20:30"),
    Scene("evening_already_past", "20:25", registered="20:22"),
)
SCENES: tuple[Scene, ...] = (*_AFTERNOON, *_EVENTS, *_MOVES_AND_TWINS, *_SHAPES, *_EVENING)
