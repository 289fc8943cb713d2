"""Tells of a run, in a process of its own: ``-m booking_sms_airflow.announce failed DAG RUN``.

The scheduler calls it and does not wait: a Slack that hangs must not hold up the scheduler, and a
thread of it would be copied half-way into every worker that it forks.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

FAILED, ENDED_WELL = "failed", "ended-well"
log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Tell; the exit code is for a person who calls it by hand."""
    from booking_sms_airflow.application import current_application
    from booking_sms_airflow.failures import tell_end, tell_failure

    what, dag_id, run_id = arguments
    app = current_application()
    try:
        if what == FAILED:
            outcomes = [tell_failure(app, dag_id, run_id, {})]
        else:
            outcomes = tell_end(app, dag_id)
    finally:
        app.close()
    log.info("%s %s %s: %s", what, dag_id, run_id, ", ".join(outcomes))
    return int("undelivered" in outcomes)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    raise SystemExit(main(sys.argv[1:]))
