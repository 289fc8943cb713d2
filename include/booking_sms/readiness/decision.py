"""GO or NO_GO: all criteria, a package that is whole, and every role's word on that package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.checks import Verdict
from booking_sms.readiness.criteria import Readiness
from booking_sms.readiness.package import INCOMPLETE

ROLES = ("developer", "QA", "operations", "product")
GO, NO_GO = "GO", "NO_GO"
GO_LIVE = (
    "enable sending as the cutover says",
    "watch every run for 24 hours",
    "keep the rollback under 5 minutes at hand",
)


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """One role's word on one package; the hash names which."""

    role: str
    approved: bool
    by: str
    at: datetime
    reason: str
    package_hash: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ActionRefused(f"no such role; there are {', '.join(ROLES)}", role=self.role)
        if self.approved and not (self.by.strip() and self.package_hash):
            raise ActionRefused("an approval needs a name and a package", role=self.role)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> SignOff:
        """From JSON; KeyError or ValueError for anything else."""
        names = ("role", "approved", "by", "reason", "package_hash")
        found = {name: document[name] for name in names}
        found["approved"] = found["approved"] is True
        return cls(**found, at=datetime.fromisoformat(document["at"]))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about a campaign, on which package, and why."""

    campaign: str
    at: datetime
    package_hash: str
    decision: str
    passed: int
    total: int
    reasons: tuple[str, ...]
    recommendations: tuple[str, ...]

    @property
    def confidence(self) -> float:
        """Criteria that pass, of all."""
        return round(self.passed / self.total, 4) if self.total else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "kind": "readiness_decision",
            "at": self.at.isoformat(),
            "confidence": self.confidence,
            "reasons": list(self.reasons),
            "recommendations": list(self.recommendations),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Decision:
        """From JSON."""
        names = ("campaign", "package_hash", "decision", "passed", "total")
        return cls(
            **{name: document[name] for name in names},
            at=datetime.fromisoformat(document["at"]),
            reasons=tuple(document["reasons"]),
            recommendations=tuple(document["recommendations"]),
        )


def decide(
    readiness: Readiness,
    manifest: Mapping[str, Any],
    signed: Mapping[str, SignOff],
    damage: Sequence[str] = (),
) -> Decision:
    """GO if everything passes and every role approved this very package, else NO_GO and why.

    :param damage: files of the package that are not what was packed.
    """
    reasons = (
        *_failing(readiness),
        *_package_reasons(manifest),
        *damage,
        *_sign_off_reasons(signed, str(manifest["package_hash"])),
    )
    return Decision(
        campaign=readiness.campaign,
        at=readiness.at,
        package_hash=str(manifest["package_hash"]),
        decision=NO_GO if reasons else GO,
        passed=readiness.passed,
        total=len(readiness.criteria),
        reasons=reasons,
        recommendations=_recommendations(readiness) if reasons else GO_LIVE,
    )


def _failing(readiness: Readiness) -> Iterable[str]:
    if not readiness.criteria:
        yield "no criterion was measured"
    for one in readiness.criteria:
        if one.verdict is not Verdict.PASS:
            yield f"{one.name} {one.verdict}: {'; '.join(one.reasons) or 'nothing was looked at'}"


def _package_reasons(manifest: Mapping[str, Any]) -> Iterable[str]:
    if manifest["completeness"] == INCOMPLETE:
        yield f"the package lacks: {', '.join(manifest['missing'])}"


def _sign_off_reasons(signed: Mapping[str, SignOff], package_hash: str) -> Iterable[str]:
    for role in ROLES:
        if doubt := sign_off_doubt(signed.get(role), package_hash):
            yield f"{role}: {doubt}"


def sign_off_doubt(found: SignOff | None, package_hash: str) -> str:
    """Why a role's word does not carry this package; empty if it does."""
    if found is None:
        return "not signed"
    if found.package_hash != package_hash:
        return "signed another package: sign again"
    return "" if found.approved else f"rejected by {found.by or 'nobody'}: {found.reason}"


def _recommendations(readiness: Readiness) -> tuple[str, ...]:
    fixes = [
        f"{one.name}: {one.remedy}" for one in readiness.criteria if one.verdict is not Verdict.PASS
    ]
    return (*fixes, "package, sign and decide again")
