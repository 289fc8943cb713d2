"""docs/monitoring.md is what the template says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from booking_sms.monitoring.template import read_template

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "generate_monitoring_doc.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_monitoring_doc", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_generated(generator: ModuleType) -> None:
    text = generator.PAGE.read_text(encoding="utf-8")

    assert generator.page_with_tables(text, read_template()) == text
    assert generator.main(["--check"]) == 0


def test_every_alarm_query_and_dashboard_is_on_the_page(generator: ModuleType) -> None:
    text = generator.PAGE.read_text(encoding="utf-8")
    template = read_template()

    for name in [alarm.entry for alarm in template.alarms]:
        assert f"| [{name}](runbook.md#{name}) |" in text
    for query in template.queries:
        assert f"| `{query.name}` |" in text
    assert all(f"- `{dashboard.name}`: " in text for dashboard in template.dashboards)


def test_another_threshold_makes_the_page_stale(generator: ModuleType) -> None:
    text = generator.PAGE.read_text(encoding="utf-8")

    assert generator.page_with_tables(text, read_template({"Environment": "dev"})) != text
