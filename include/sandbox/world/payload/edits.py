"""Changes to a rendered payload: privacy masking, and edits by dotted path."""

from typing import Any

from sandbox.world.people import masked_name, masked_phone


def masked(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as it arrives where privacy masking is forced."""
    hidden = {
        "name": masked_name(payload.get("name") or ""),
        "phone": masked_phone(payload.get("phone") or ""),
        "email": "",
    }
    snapshot = payload.get("snapshotJson")
    if isinstance(snapshot, dict):
        payload = payload | {"snapshotJson": snapshot | hidden}
    return payload | hidden | {"isForcedPrivacyMasking": True}


def apply_edits(
    payload: dict[str, Any], edits: dict[str, Any], removed: list[str]
) -> dict[str, Any]:
    """Set and remove values by paths such as ``snapshotJson.bookingOptionJson.0.name``."""
    for path, value in edits.items():
        parent, name = _parent(payload, path)
        parent[name] = value
    for path in removed:
        parent, name = _parent(payload, path)
        parent.pop(name, None)
    return payload


def _parent(payload: dict[str, Any], path: str) -> tuple[Any, Any]:
    *steps, last = path.split(".")
    node: Any = payload
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node, int(last) if isinstance(node, list) else last
