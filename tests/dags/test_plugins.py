"""Airflow's own plugin loader over our plugins folder: it must see one file and shadow nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("default")]

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture
def modules() -> Iterator[dict[str, object]]:
    """What was imported before; put back afterwards."""
    before = dict(sys.modules)
    yield before
    sys.modules.clear()
    sys.modules.update(before)


def test_only_the_plugin_file_is_scanned() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    found = [
        Path(path) for path in find_path_from_directory(str(PLUGINS), ".airflowignore", "glob")
    ]

    assert [path.name for path in found if path.suffix == ".py"] == ["booking_sms_plugin.py"]


def test_the_loader_registers_our_plugin_and_replaces_no_module(
    modules: dict[str, object],
) -> None:
    from airflow._shared.plugins_manager.plugins_manager import (
        _load_plugins_from_plugin_directory,
    )

    plugins, errors = _load_plugins_from_plugin_directory(str(PLUGINS))

    assert errors == {}
    assert [plugin.name for plugin in plugins] == ["booking_sms"]
    replaced = {name for name, module in modules.items() if sys.modules.get(name) is not module}
    assert replaced - {"booking_sms_plugin"} == set()
    added = set(sys.modules) - set(modules)
    assert not added & set(sys.stdlib_module_names)


def test_the_package_is_known_under_its_one_name(modules: dict[str, object]) -> None:
    from airflow._shared.plugins_manager.plugins_manager import (
        _load_plugins_from_plugin_directory,
    )

    _load_plugins_from_plugin_directory(str(PLUGINS))
    package = str(PLUGINS / "booking_sms_airflow")
    ours = {
        name
        for name, module in sys.modules.items()
        if str(vars(module).get("__file__")).startswith(package)
    }

    assert all(name.split(".")[0] == "booking_sms_airflow" for name in ours)
