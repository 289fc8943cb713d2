"""One measured value, what it has to be, and the verdict of a criterion over several of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from booking_sms.readiness.evidence import Found, Unmeasured
from booking_sms.readiness.results import Result

M = TypeVar("M", bound=Result)


class Verdict(StrEnum):
    """What became of a criterion. Only PASS lets the system go live."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    FAIL = "FAIL"
    UNMEASURED = "UNMEASURED"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One value against one requirement; ``ok`` is None where nothing was measured."""

    what: str
    required: str
    value: Any = None
    ok: bool | None = None
    reason: str = ""
    source: str = ""

    @property
    def verdict(self) -> Verdict:
        """PASS, FAIL, or UNMEASURED."""
        if self.ok is None:
            return Verdict.UNMEASURED
        return Verdict.PASS if self.ok else Verdict.FAIL

    @property
    def told(self) -> str:
        """In words, for a reason."""
        if self.ok is None:
            return f"{self.what}: not measured ({self.reason or 'the evidence does not say it'})"
        return f"{self.what}: {self.value}, required {self.required}"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One of the nine: its checks, and what to do when it does not pass."""

    name: str
    requirement: str
    remedy: str
    checks: tuple[Check, ...]
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """FAIL if any check fails, else UNMEASURED if any is, or if there is none at all."""
        verdicts = {check.verdict for check in self.checks}
        if Verdict.FAIL in verdicts:
            return Verdict.FAIL
        return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.UNMEASURED

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it does not pass; what is the same for several checks is told once."""
        told = (check.told for check in self.checks if not check.ok)
        return tuple(dict.fromkeys(told))

    @property
    def sources(self) -> tuple[str, ...]:
        """Artifacts that it was measured from, with their checksums."""
        return tuple(dict.fromkeys(check.source for check in self.checks if check.source))

    def document(self) -> Mapping[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "requirement": self.requirement,
            "verdict": str(self.verdict),
            "values": {check.what: check.value for check in self.checks},
            "evidence": list(self.sources),
            "reasons": list(self.reasons),
            "note": self.note,
            "remedy": self.remedy,
        }


def look(
    found: Found[M] | Unmeasured,
    what: str,
    required: str,
    pick: Callable[[M], Any],
    test: Callable[[Any], bool],
) -> Check:
    """Judge one value of a result; without the result, or the value, nothing was measured."""
    if isinstance(found, Unmeasured):
        return Check(what=what, required=required, reason=found.reason)
    value = pick(found.result)
    ok = None if value is None else test(value)
    return Check(what=what, required=required, value=value, ok=ok, source=found.source)


def zero(found: Found[M] | Unmeasured, what: str, pick: Callable[[M], Any]) -> Check:
    """It has to be 0."""
    return look(found, what, "0", pick, lambda value: value == 0)


def some(found: Found[M] | Unmeasured, what: str, pick: Callable[[M], Any]) -> Check:
    """It has to be more than 0: nothing compared with nothing proves nothing."""
    return look(found, what, "more than 0", pick, lambda value: value > 0)


def true(found: Found[M] | Unmeasured, what: str, pick: Callable[[M], Any]) -> Check:
    """It has to be so."""
    return look(found, what, "true", pick, lambda value: value is True)


def empty(
    found: Found[M] | Unmeasured, what: str, pick: Callable[[M], Sequence[str] | None]
) -> Check:
    """There has to be none."""
    return look(
        found,
        what,
        "none",
        lambda result: None if (names := pick(result)) is None else list(names),
        lambda names: not names,
    )


def passed(criterion: Criterion) -> Check:
    """Another criterion has to pass."""
    verdict = criterion.verdict
    ok = None if verdict is Verdict.UNMEASURED else verdict is Verdict.PASS
    reason = f"criterion {criterion.name} is not measured"
    return Check(what=criterion.name, required="PASS", value=str(verdict), ok=ok, reason=reason)
