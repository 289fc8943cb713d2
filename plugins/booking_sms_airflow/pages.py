"""Pages of ours in Airflow's UI, for whoever is logged in there.

Evidence holds no customer, but it is nobody else's business either.
"""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import requires_authenticated
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse

from booking_sms_airflow.application import current_application

# No script, nothing from elsewhere: a page is read, and cannot act in its reader's name.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

app = FastAPI(title="booking_sms", docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/parity", dependencies=[Depends(requires_authenticated())])
def parity() -> HTMLResponse:
    """The newest page of golden parity; 404 before its first run."""
    from booking_sms.workflow.validating import GOLDEN, PAGE

    return _newest(GOLDEN, PAGE, "golden_parity")


@app.get("/report", dependencies=[Depends(requires_authenticated())])
def report() -> HTMLResponse:
    """The week's texts; 404 before the first weekly report."""
    from booking_sms.workflow.text_reports import REPORTS, WEEK_PAGE

    return _newest(REPORTS, WEEK_PAGE, "weekly_report")


@app.get("/review", dependencies=[Depends(requires_authenticated())])
def review() -> HTMLResponse:
    """The month's review; 404 before the first."""
    from booking_sms.workflow.monthly import PAGE
    from booking_sms.workflow.text_reports import REPORTS

    return _newest(REPORTS, PAGE, "monthly_review")


def _newest(campaign: str, name: str, dag_id: str) -> HTMLResponse:
    composed = current_application()
    try:
        found = composed.evidence.get(campaign, name)
    finally:
        composed.close()
    if found is None:
        raise HTTPException(404, f"{dag_id} has not run yet")
    return HTMLResponse(found.content, headers={"Content-Security-Policy": POLICY})
