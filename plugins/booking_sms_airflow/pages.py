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

    composed = current_application()
    try:
        found = composed.evidence.get(GOLDEN, PAGE)
    finally:
        composed.close()
    if found is None:
        raise HTTPException(404, "golden_parity has not run yet")
    return HTMLResponse(found.content, headers={"Content-Security-Policy": POLICY})
