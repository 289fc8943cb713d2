"""The readiness gate: measure, package, sign, decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from booking_sms.bootstrap import Application
from booking_sms.domain.errors import ActionRefused
from booking_sms.pipeline.operator import Person
from booking_sms.ports import Artifact, OperatorChange
from booking_sms.readiness import criteria
from booking_sms.readiness.campaign import Campaign, plan_id_of, read_campaign
from booking_sms.readiness.decision import GO, ROLES, Decision, SignOff, decide
from booking_sms.readiness.evidence import Evidence, InUse
from booking_sms.readiness.modes import Modes
from booking_sms.readiness.package import DECISION, MANIFEST, OUTSIDE, READINESS, manifest_of
from booking_sms.readiness.package_folder import write_package
from booking_sms.readiness.validation import section_of, write_section

_TIME = {"ran_at"}
"""What differs between two measurings of the same."""


def load_campaign(app: Application, campaign_id: str) -> Campaign:
    """What ``booking-sms campaign bootstrap`` locked; ActionRefused without it."""
    return read_campaign(campaign_id, app.plans.get(plan_id_of(campaign_id)))


def record_evidence(
    app: Application, campaign_id: str, name: str, document: Mapping[str, Any]
) -> Artifact:
    """Keep a result for a campaign, with the rules and code that it was measured on.

    :param name: file name that ends in ``.json``; a new version each time.
    """
    subject = {"rule_set": app.catalog().rules.digest, "code_version": app.code_version}
    return _keep(app, campaign_id, name, {**subject, **document}, app.clock.now())


def keep_text(app: Application, campaign_id: str, name: str, text: str, at: datetime) -> Artifact:
    """Put a version after all before it: a world clock may stand still, time may not."""
    newest = max(app.evidence.versions(campaign_id, name), default=None)
    if newest is not None:
        at = max(at, newest + timedelta(microseconds=1))
    return app.evidence.put(campaign_id, name, text, at=at)


def check_readiness(app: Application, campaign_id: str) -> criteria.Readiness:
    """Measure the nine criteria now; nothing is written."""
    campaign = load_campaign(app, campaign_id)
    now = app.clock.now()
    evidence = Evidence(
        campaign=campaign,
        in_use=InUse(rule_set=app.catalog().rules.digest, code_version=app.code_version),
        artifacts=_all_versions(app, campaign_id),
        now=now,
    )
    return criteria.measure(evidence, _modes(app, campaign.start, now))


def freeze_package(app: Application, campaign_id: str) -> dict[str, Any]:
    """Measure, and freeze the newest version of every artifact; the manifest.

    The same evidence is the same package: then what was signed stays signed.
    """
    readiness = check_readiness(app, campaign_id)
    _keep_if_new(app, campaign_id, READINESS, readiness.document(), readiness.at)
    manifest = manifest_of(campaign_id, _newest(app, campaign_id))
    _keep_if_new(app, campaign_id, MANIFEST, manifest, readiness.at)
    return manifest


def read_package(app: Application, campaign_id: str) -> dict[str, Any]:
    """The manifest that was frozen last; ActionRefused if none was."""
    found = app.evidence.get(campaign_id, MANIFEST)
    if found is None:
        raise ActionRefused("nothing is packaged yet", campaign=campaign_id)
    manifest: dict[str, Any] = json.loads(found.content)
    return manifest


def export_package(app: Application, campaign_id: str, folder: Path) -> dict[str, Any]:
    """Freeze, and write the package into an empty folder; the manifest."""
    manifest = freeze_package(app, campaign_id)
    files = [_artifact_of(app, campaign_id, entry) for entry in manifest["files"]]
    write_package(folder, manifest, (one for one in files if one is not None))
    return manifest


def sign_package(
    app: Application,
    campaign_id: str,
    role: str,
    package_hash: str,
    person: Person,
    *,
    approved: bool = True,
) -> SignOff:
    """Record one role's word on the package that was frozen last.

    ActionRefused for another package: it was frozen anew after the person read it.
    """
    if package_hash != read_package(app, campaign_id)["package_hash"]:
        raise ActionRefused("another package by now: read that one", campaign=campaign_id)
    sign_off = SignOff(
        role=role,
        approved=approved,
        by=person.by,
        at=app.clock.now(),
        reason=person.reason,
        package_hash=package_hash,
    )
    record_sign_off(app, campaign_id, sign_off)
    return sign_off


def record_sign_off(app: Application, campaign_id: str, sign_off: SignOff) -> None:
    """Keep a role's word instead of its last; one item a role, so no two overwrite each other."""
    app.plans.put(_sign_off_id(campaign_id, sign_off.role), sign_off.document())


def sign_offs(app: Application, campaign_id: str) -> dict[str, SignOff]:
    """The last word of every role that gave one."""
    stored = {role: app.plans.get(_sign_off_id(campaign_id, role)) for role in ROLES}
    return {role: SignOff.read(found) for role, found in stored.items() if found is not None}


def decide_readiness(
    app: Application, campaign_id: str, *, validation: Path | None = None
) -> Decision:
    """Decide on the frozen package, keep the decision, write its section, tell people.

    The criteria are measured again: what became known after the package was frozen counts.
    """
    found = _judge(app, campaign_id)
    decision = found.decision
    _keep_if_new(app, campaign_id, DECISION, decision.document(), decision.at)
    write_section(validation or app.settings.validation_file, campaign_id, found.section)
    _tell(app, decision)
    return decision


def report_readiness(
    app: Application, campaign_id: str, *, validation: Path | None = None
) -> tuple[Decision, bool]:
    """Write the campaign's section again; whether the file changed.

    It tells the decision on the frozen package, or what it would be if none was taken yet.
    """
    found = _judge(app, campaign_id)
    before = _decided(app, campaign_id)
    if before is not None and before.package_hash == found.decision.package_hash:
        found = replace(found, decision=before)
    path = validation or app.settings.validation_file
    return found.decision, write_section(path, campaign_id, found.section)


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A decision, and what it is about."""

    campaign: Campaign
    manifest: Mapping[str, Any]
    report: Mapping[str, Any]
    signed: Mapping[str, SignOff]
    decision: Decision

    @property
    def section(self) -> str:
        return section_of(self.campaign, self.report, self.manifest, self.signed, self.decision)


def _judge(app: Application, campaign_id: str) -> _Judged:
    readiness, manifest = check_readiness(app, campaign_id), read_package(app, campaign_id)
    signed, damage = sign_offs(app, campaign_id), _damage(app, campaign_id, manifest)
    decision = decide(readiness, manifest, signed, damage)
    before = _decided(app, campaign_id)
    if before is not None and replace(decision, at=before.at) == before:
        decision = before
    return _Judged(
        campaign=load_campaign(app, campaign_id),
        manifest=manifest,
        report=_packed_report(app, campaign_id, manifest) or readiness.document(),
        signed=signed,
        decision=decision,
    )


def _decided(app: Application, campaign_id: str) -> Decision | None:
    found = app.evidence.get(campaign_id, DECISION)
    return None if found is None else Decision.read(json.loads(found.content))


def _packed_report(
    app: Application, campaign_id: str, manifest: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The criteria as they were packed; None if that very file is no longer there."""
    for entry in manifest["files"]:
        if entry["filename"] == READINESS:
            found = _artifact_of(app, campaign_id, entry)
            if found is not None and found.sha256 == entry["sha256"]:
                report: Mapping[str, Any] = json.loads(found.content)
                return report
    return None


def _damage(app: Application, campaign_id: str, manifest: Mapping[str, Any]) -> list[str]:
    """Files of the package that are gone, or not what was packed."""
    return [
        f"{entry['filename']}: not what was packed"
        for entry in manifest["files"]
        if (found := _artifact_of(app, campaign_id, entry)) is None
        or found.sha256 != entry["sha256"]
    ]


def _artifact_of(app: Application, campaign_id: str, entry: Mapping[str, Any]) -> Artifact | None:
    at = datetime.fromisoformat(entry["timestamp"])
    return app.evidence.get(campaign_id, entry["filename"], at)


def _newest(app: Application, campaign_id: str) -> list[Artifact]:
    found = (app.evidence.get(campaign_id, name) for name in app.evidence.names(campaign_id))
    return [one for one in found if one is not None]


def _all_versions(app: Application, campaign_id: str) -> tuple[Artifact, ...]:
    store = app.evidence
    found = (
        store.get(campaign_id, name, at)
        for name in store.names(campaign_id)
        if name not in OUTSIDE
        for at in store.versions(campaign_id, name)
    )
    return tuple(one for one in found if one is not None)


def _modes(app: Application, start: datetime, now: datetime) -> Modes:
    control = app.control
    return Modes(
        now={store: control.delivery_mode(store) for store in app.store_ids()},
        changes=_changes(app, start, now),
    )


def _changes(app: Application, start: datetime, now: datetime) -> list[OperatorChange]:
    """Changes of the months of the campaign, and of the one before it began."""
    month = (start.year * 12 + start.month - 1) - 1
    last = now.year * 12 + now.month - 1
    months = [date(n // 12, n % 12 + 1, 1) for n in range(month, last + 1)]
    return [change for one in months for change in app.control.operator_changes(one)]


def _keep(
    app: Application, campaign_id: str, name: str, document: Mapping[str, Any], at: datetime
) -> Artifact:
    content = json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n"
    return keep_text(app, campaign_id, name, content, at)


def _keep_if_new(
    app: Application, campaign_id: str, name: str, document: Mapping[str, Any], at: datetime
) -> None:
    """Keep it unless it says what the newest version says, whenever that was."""
    newest = app.evidence.get(campaign_id, name)
    if newest is None or _timeless(json.loads(newest.content)) != _timeless(document):
        _keep(app, campaign_id, name, document, at)


def _timeless(document: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in document.items() if key not in _TIME}
    return json.dumps(kept, sort_keys=True, default=str)


def _tell(app: Application, decision: Decision) -> None:
    """Counts only: the reasons are in the section."""
    told = (
        f"readiness of {decision.campaign}: {decision.decision}, "
        f"{decision.passed} of {decision.total} criteria, {len(decision.reasons)} reasons, "
        f"package {decision.package_hash[:12]}"
    )
    app.tell_owner(told)
    if decision.decision != GO:
        app.alert(f"{told}; runbook: NO_GO: what now")


def _sign_off_id(campaign_id: str, role: str) -> str:
    return f"signoff#{campaign_id}#{role}"
