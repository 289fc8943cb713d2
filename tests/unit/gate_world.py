"""A campaign in a whole application: opened, compared for seven days, its evidence recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from readiness_world import DATASET, GOOD, ID, MEASURED, START
from workflow_world import InMemoryApplication

from booking_sms import workflow
from booking_sms.pipeline.operator import Person
from booking_sms.readiness.decision import ROLES
from booking_sms.testing import NOW, InMemoryControlRepository

OWNER = Person(by="captain", reason="read it")


def gate(**instead: dict[str, Any] | None) -> InMemoryApplication:
    """All evidence is good; a kind may be replaced, or left out with None."""
    app = InMemoryApplication()
    app.clock.set(START - timedelta(hours=1))
    app.__dict__["control"] = InMemoryControlRepository(clock=app.clock)  # one that never sent
    app.control.set_delivery_mode("comparison", by="captain", reason="campaign")
    app.plans.put(f"campaign#{ID}", {
        "id": ID,
        "start": START.isoformat(),
        "rule_set": app.catalog().rules.digest,
        "code_version": app.code_version,
        "dataset": DATASET,
    })  # fmt: skip
    app.clock.set(MEASURED)
    for kind, document in {**GOOD, **instead}.items():
        if document is not None:
            record(app, f"{kind}.json", document)
    record(app, "alarms.json", {"kind": "alarms", "ran_at": MEASURED.isoformat()})
    app.evidence.put(ID, "golden_parity.html", "<html></html>", at=MEASURED)
    app.clock.set(NOW)
    return app


def record(app: InMemoryApplication, name: str, document: dict[str, Any]) -> None:
    """Record a result as its producer would: the subject is put in by the recorder."""
    bare = {key: v for key, v in document.items() if key not in ("rule_set", "code_version")}
    workflow.record_evidence(app, ID, name, bare)


def sign_all(app: InMemoryApplication) -> str:
    """Freeze and sign by every role; the hash."""
    package_hash: str = workflow.freeze_package(app, ID)["package_hash"]
    for role in ROLES:
        workflow.sign_package(app, ID, role, package_hash, OWNER)
    return package_hash
