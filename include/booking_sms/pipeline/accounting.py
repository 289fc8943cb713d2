"""The accounting identity: every message that a rule matched has exactly one outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from booking_sms.domain.errors import AccountingBroken
from booking_sms.domain.sms_job import ACCOUNTING, JobState, SmsJob

GROUP_OF: Mapping[JobState, str] = {
    state: group for group, states in ACCOUNTING.items() for state in states
}
Account = tuple[str, str]
"""(store, rule) or (store, kind): what is accounted for by itself."""


@dataclass(frozen=True, kw_only=True)
class AccountingIdentity:
    """planned = sent + refused + skipped + superseded + expired + held + in_flight + overtaken.

    ``accounts`` holds the groups of each (store, rule or kind). ``overtaken`` were planned and not
    loaded, because their booking's older messages had moved on: the next window decides again.
    """

    planned: int
    groups: Mapping[str, int]
    accounts: Mapping[Account, Mapping[str, int]] = field(default_factory=dict)
    overtaken: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for logs and XCom: counts only."""
        accounts = {
            f"{store}/{name}": dict(groups) for (store, name), groups in self.accounts.items()
        }
        counts = {"planned": self.planned, **self.groups, "overtaken": self.overtaken}
        return {**counts, "accounts": accounts}


def accounting(
    counts: Mapping[tuple[str, str, str], int], planned: Mapping[Account, int] | None = None
) -> AccountingIdentity:
    """Build the identity from ``{(store, rule or kind, state): n}``, as count_by_state gives it.

    ``planned`` is what was planned by account; without it the states themselves are the plan.
    Raises AccountingBroken, naming every account that does not add up, or an unknown state.
    """
    accounts: dict[Account, Counter[str]] = {}
    for (store, name, state), number in counts.items():
        accounts.setdefault((store, name), Counter())[group_of(state)] += number
    _check(accounts, planned)
    groups: Counter[str] = Counter(dict.fromkeys(ACCOUNTING, 0))
    for account in accounts.values():
        groups.update(account)
    return AccountingIdentity(
        planned=sum(groups.values()),
        groups=dict(groups),
        accounts={key: dict(value) for key, value in sorted(accounts.items())},
    )


def count_jobs(jobs: Iterable[SmsJob]) -> Counter[tuple[str, str, str]]:
    """Count jobs by store, rule and state."""
    return Counter((job.store_id, job.rule, job.state.value) for job in jobs)


def group_of(state: str) -> str:
    """The one group of a state; AccountingBroken for a state that nobody knows."""
    try:
        return GROUP_OF[JobState(state)]
    except (KeyError, ValueError):
        raise AccountingBroken(state=state) from None


def _check(
    accounts: Mapping[Account, Mapping[str, int]], planned: Mapping[Account, int] | None
) -> None:
    if planned is None:
        return
    found = {key: sum(groups.values()) for key, groups in accounts.items()}
    broken = [
        f"{key[0]}/{key[1]}: planned {planned.get(key, 0)}, found {found.get(key, 0)}"
        for key in sorted(planned.keys() | found.keys())
        if planned.get(key, 0) != found.get(key, 0)
    ]
    if broken:
        number = sum(abs(planned.get(k, 0) - found.get(k, 0)) for k in planned.keys() | found)
        raise AccountingBroken(accounts="; ".join(broken), number=number)
