"""An evidence package as a folder: written once, checked by anybody with it in hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from booking_sms.domain.errors import ActionRefused
from booking_sms.ports import Artifact
from booking_sms.readiness.package import MANIFEST, hash_of


def write_package(folder: Path, manifest: Mapping[str, Any], artifacts: Iterable[Artifact]) -> None:
    """Write every file and the manifest, the manifest last.

    ActionRefused for a folder that is not empty: what lies there may have been signed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ActionRefused("the folder is not empty: choose another", folder=folder.name)
    for artifact in artifacts:
        (folder / artifact.name).write_bytes(artifact.data)
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def problems_of(folder: Path, signed_hash: str = "") -> tuple[str, ...]:
    """What is wrong with a package, file by file; empty if it is as it was packed.

    With ``signed_hash`` the package has to be that one: a manifest can be rewritten as well.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return tuple(_problems(folder, manifest, signed_hash))
    except FileNotFoundError:
        return (f"{MANIFEST}: missing",)
    except (ValueError, KeyError, TypeError):
        return (f"{MANIFEST}: cannot be read",)


def _problems(folder: Path, manifest: Mapping[str, Any], signed_hash: str) -> Iterator[str]:
    files = manifest["files"]
    for entry in files:
        yield from _file_problems(folder, entry)
    listed = {MANIFEST, *(entry["filename"] for entry in files)}
    for path in sorted(folder.iterdir()):
        if path.name not in listed:
            yield f"{path.name}: not in the manifest"
    if hash_of(files) != manifest["package_hash"]:
        yield f"{MANIFEST}: its hash is not of its files"
    if signed_hash and signed_hash != manifest["package_hash"]:
        yield f"{MANIFEST}: another package than the one that was named"


def _file_problems(folder: Path, entry: Mapping[str, Any]) -> Iterator[str]:
    name = str(entry["filename"])
    if Path(name).name != name:
        yield f"{name}: not a file of this folder"
        return
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError:
        yield f"{name}: missing"
        return
    if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
        yield f"{name}: not what was packed"
