"""AWS sessions that read botocore's service descriptions once per process, not once per client.

The descriptions are megabytes of JSON: a tenth of a second for every client that reads them
again, in every short task.
"""

from __future__ import annotations

from functools import cache

from boto3.session import Session
from botocore.loaders import Loader, create_loader
from botocore.session import get_session


@cache
def _descriptions() -> Loader:
    return create_loader()


def make_session(
    *, region: str, access_key_id: str | None = None, secret_access_key: str | None = None
) -> Session:
    """Build a session of its own; without keys, AWS's own chain of credentials applies.

    boto3's default session is shared and not safe to build clients from in threads.
    """
    core = get_session()
    core.register_component("data_loader", _descriptions())
    return Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=core,
    )
