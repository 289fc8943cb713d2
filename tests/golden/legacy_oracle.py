"""The predecessor's rules, said a second time and independently: plain dicts, no shared code.

It imports nothing of ours, so that one misunderstanding cannot hide on both sides. It answers in
the goldens' form. The date range in which completed bookings were fetched is not part of it:
a scenario holds what was fetched.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

KOREA = timezone(timedelta(hours=9))
TWO_HOURS = timedelta(hours=2)
KEYWORDS = ("네이버", "인스타", "원본")
CONFIRM_OK = "{} 예약확정 문자 발송 완료"
GUIDE_OK = "{} 안내 문자 발송 완료"
GUIDE_FAIL = "{} 안내 문자 발송 실패"
OPTION_OK = "{} 옵션 문자 발송 완료"
OPTION_FAIL = "{} 옵션 문자 발송 실패"
NONE = "문자 발송 대상 없음"


def hyphenated(phone: str) -> str:
    return phone[:3] + "-" + phone[3:7] + "-" + phone[7:]


def start_of(payload: dict[str, Any]) -> datetime:
    text = payload["snapshotJson"]["startDateTime"]
    utc = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return utc.astimezone(KOREA).replace(second=0)


def has_keyword(payload: dict[str, Any]) -> bool:
    names = [option["name"] for option in payload["snapshotJson"].get("bookingOptionJson") or []]
    return any(keyword in name for name in names for keyword in KEYWORDS)


class LegacyRun:
    """One run: the table as a dict, and what was sent, written and told.

    ``branches`` counts the ways that were gone, so that a sweep can prove that it went them all.
    """

    def __init__(self, now: datetime, rows: list[dict[str, Any]]) -> None:
        self.now = now.astimezone(KOREA)
        self.table = {(row["booking_num"], row["phone"]): dict(row) for row in rows}
        self.sms: list[dict[str, str]] = []
        self.writes: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.branches: Counter[str] = Counter()

    def put(self, item: dict[str, Any]) -> None:
        key = {"booking_num": item["booking_num"], "phone": item["phone"]}
        self.table[(item["booking_num"], item["phone"])] = dict(item)
        self.writes.append({"op": "put", "key": key, "item": dict(item)})

    def update(self, row: dict[str, Any], flag: str) -> None:
        row[flag] = True
        key = {"booking_num": row["booking_num"], "phone": row["phone"]}
        self.writes.append({"op": "update", "key": key, "set": {flag: True}})

    def send(self, kind: str, phone: str, line: str, store: str | None = None) -> None:
        message = {"kind": kind, "to": phone.replace("-", "")}
        if store is not None:
            message["store"] = store
        self.sms.append(message)
        self.lines.append(line.format(phone))

    def check_reservation(self, payload: dict[str, Any]) -> None:
        store = str(payload["businessId"])
        phone = hyphenated(payload["phone"])
        number = f"{store}_{payload['bookingId']}"
        start = start_of(payload)
        row = self.table.get((number, phone))
        try:
            if row is None:
                remind = start - TWO_HOURS <= self.now < start
                when = "inside" if remind else "before" if self.now < start else "after"
                self.branches[f"new, {when}"] += 1
                self.put({
                    "booking_num": number,
                    "phone": phone,
                    "name": payload["name"],
                    "booking_time": start.strftime("%Y-%m-%d %H:%M:%S"),
                    "confirm_sms": True,
                    "remind_sms": remind,
                    "option_sms": False,
                    "option_time": "",
                })
                self.send("confirm", phone, CONFIRM_OK)
                if remind:
                    self.send("guide", phone, GUIDE_OK, store)
                return
            due = start > self.now and start - self.now < TWO_HOURS
            if row["remind_sms"] == False and due:  # noqa: E712 (as the predecessor wrote it)
                self.branches["known, due"] += 1
                if row["confirm_sms"] == False:  # noqa: E712
                    self.branches["known, due, not confirmed"] += 1
                    self.update(row, "confirm_sms")
                    self.send("confirm", phone, CONFIRM_OK)
                self.update(row, "remind_sms")
                self.send("guide", phone, GUIDE_OK, store)
            else:
                self.branches["known, not due" if not due else "known, reminded"] += 1
        except KeyError:
            self.branches["known, row incomplete"] += 1
            self.lines.append(GUIDE_FAIL.format(phone))

    def check_option(self, payload: dict[str, Any]) -> None:
        phone = hyphenated(payload["phone"])
        row = self.table.get((f"{payload['businessId']}_{payload['bookingId']}", phone))
        if row is None:
            self.branches["completed, unknown"] += 1
            return
        try:
            if row["option_sms"] == False and has_keyword(payload):  # noqa: E712
                self.update(row, "option_sms")
                self.branches["completed, event"] += 1
                self.send("event", phone, OPTION_OK)
            else:
                self.branches["completed, nothing to do"] += 1
        except KeyError:
            self.branches["completed, row incomplete"] += 1
            self.lines.append(OPTION_FAIL.format(phone))


def legacy_run(scenario: dict[str, Any]) -> LegacyRun:
    """The predecessor's run of a scenario, ``expected`` not looked at."""
    run = LegacyRun(datetime.fromisoformat(scenario["now"]), scenario["ledger_before"])
    for payload in scenario["confirmed"]:
        run.check_reservation(payload)
    if run.now.hour == 20:
        for payload in scenario["completed"]:
            run.check_option(payload)
    else:
        run.branches["completed, other hour"] += len(scenario["completed"])
    return run


def outcome_of_run(run: LegacyRun) -> dict[str, Any]:
    """What a run did, in the goldens' form."""
    return {
        "sms": run.sms,
        "writes": run.writes,
        "ledger_after": [run.table[key] for key in sorted(run.table)],
        "telegram": "\n".join(run.lines) or NONE,
    }


def legacy_outcome(scenario: dict[str, Any]) -> dict[str, Any]:
    """What the predecessor would have done with a scenario."""
    return outcome_of_run(legacy_run(scenario))
