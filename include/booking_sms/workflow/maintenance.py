"""The nightly work on what is kept: erasure with its proof, and the session that must not lapse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from booking_sms.bootstrap import Application
from booking_sms.pipeline import retention
from booking_sms.workflow.steps import Summary

CAMPAIGN, ARTIFACT = "retention", "retention.json"


def erase_personal_data(app: Application) -> Summary:
    """Erase by age and keep the counts as evidence; nobody is in them."""
    services = retention.RetentionServices(
        jobs=app.jobs,
        records=app.personal_records,
        stage=app.stage,
        now=app.clock.now(),
        real_now=datetime.fromtimestamp(app.transport_clock.now_ms() / 1000, UTC),
        owns_ledger=app.control.delivery_mode() == "live",
        policy=app.retention_policy(),
    )
    counts = retention.erase_personal_data(services, app.store_ids())
    result = {**counts, "total": retention.total(counts)}
    _keep(app, result)
    return result


def refresh_session(app: Application) -> Summary:
    """Probe the stored session; a browser starts only when it is due. Raises SessionNeedsPerson."""
    return {"session": dict(app.session.ensure_valid())}


def erased_since(app: Application, since: datetime, until: datetime) -> dict[str, int]:
    """Blanked and erased by the runs in [since, until), from their evidence."""
    sums = {"runs": 0, "blanked": 0, "erased": 0}
    for at in app.evidence.versions(CAMPAIGN, ARTIFACT):
        found = app.evidence.get(CAMPAIGN, ARTIFACT, at) if since <= at < until else None
        if found is not None:
            counted = json.loads(found.content)["total"]
            sums["runs"] += 1
            sums["blanked"] += counted["blanked"]
            sums["erased"] += counted["erased"]
    return sums


def _keep(app: Application, result: dict[str, Any]) -> None:
    now = app.clock.now()
    newest = max(app.evidence.versions(CAMPAIGN, ARTIFACT), default=None)
    # A world clock may stand still, versions may not.
    at = now if newest is None or now > newest else newest + timedelta(microseconds=1)
    document = {
        "kind": "retention",
        "ran_at": now.isoformat(),
        "personal_days": app.settings.personal_days,
        "personal_key_days": app.settings.personal_key_days,
        **result,
    }
    app.evidence.put(CAMPAIGN, ARTIFACT, json.dumps(document, indent=2) + "\n", at=at)
