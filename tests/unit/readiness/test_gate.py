"""The gate over a whole application: from recorded evidence to the decision and its section."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from gate_world import OWNER, gate, record, sign_all
from readiness_world import GOOD, ID, MEASURED, NOW, changed

from booking_sms import workflow
from booking_sms.domain.errors import ActionRefused
from booking_sms.readiness.decision import ROLES
from booking_sms.readiness.validation import begin, end, write_section
from booking_sms.workflow.readiness import keep_text

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "docs" / "VALIDATION.md"


def decided(app, path):
    return workflow.decide_readiness(app, ID, validation=path)


def test_the_whole_way_ends_in_go(path):
    app = gate()
    sign_all(app)

    decision = decided(app, path)

    assert (decision.decision, decision.reasons, decision.passed) == ("GO", (), 9)
    assert "**GO**" in path.read_text()
    assert "decision.json" in app.evidence.names(ID)
    (notice,) = app.channels["telegram"].texts
    assert "GO, 9 of 9" in notice
    assert app.channels["slack"].texts == []


@pytest.mark.parametrize("kind", GOOD)
def test_one_missing_evidence_is_a_no_go_and_somebody_is_told(path, kind):
    app = gate(**{kind: None})
    sign_all(app)

    decision = decided(app, path)

    assert decision.decision == "NO_GO"
    assert "UNMEASURED" in path.read_text()
    (alert,) = app.channels["slack"].texts
    assert "NO_GO" in alert


def test_sending_during_the_campaign_is_a_no_go(path):
    app = gate()
    app.clock.set(MEASURED)
    app.control.set_delivery_mode("live", by="someone", reason="a try")
    app.control.set_delivery_mode("comparison", by="someone", reason="back")
    app.clock.set(NOW)
    sign_all(app)

    assert "comparison_mode FAIL" in decided(app, path).reasons[0]


def test_packaging_the_same_evidence_again_keeps_the_sign_offs(path):
    app = gate()
    package_hash = sign_all(app)
    app.clock.set(NOW + timedelta(hours=1))

    assert workflow.freeze_package(app, ID)["package_hash"] == package_hash
    assert decided(app, path).decision == "GO"


def test_evidence_that_comes_later_makes_another_package(path):
    app = gate()
    sign_all(app)
    record(app, "metrics.json", changed("metrics", published=901))

    assert decided(app, path).decision == "GO"  # what was signed is still there, and still passes
    workflow.freeze_package(app, ID)
    assert decided(app, path).reasons == tuple(
        f"{role}: signed another package: sign again" for role in ROLES
    )


def test_bad_news_after_the_signing_count(path):
    app = gate()
    sign_all(app)
    record(app, "notices.json", changed("notices", failed=1))

    assert any(reason.startswith("slack FAIL") for reason in decided(app, path).reasons)


def test_a_doctored_artifact_is_found_at_the_decision(path):
    app = gate()
    sign_all(app)
    kept = app.evidence._kept
    key = next(key for key in kept if key[1] == "golden_parity.html")
    from dataclasses import replace

    kept[key] = replace(kept[key], content="<html>all well</html>")

    assert decided(app, path).reasons == ("golden_parity.html: not what was packed",)


def test_only_the_newest_package_can_be_signed():
    app = gate()
    package_hash = workflow.freeze_package(app, ID)["package_hash"]
    record(app, "metrics.json", changed("metrics", published=901))
    workflow.freeze_package(app, ID)

    with pytest.raises(ActionRefused, match="another package"):
        workflow.sign_package(app, ID, "QA", package_hash, OWNER)
    assert workflow.sign_offs(app, ID) == {}


def test_an_unknown_campaign_and_an_unpacked_one_are_refused(path):
    app = gate()

    with pytest.raises(ActionRefused, match="no such campaign"):
        workflow.check_readiness(app, "validation-other")
    with pytest.raises(ActionRefused, match="packaged"):
        decided(app, path)


def test_a_package_on_disk_is_the_frozen_one(tmp_path):
    from booking_sms.readiness.package_folder import problems_of

    app = gate()
    manifest = workflow.export_package(app, ID, tmp_path / "out")

    assert problems_of(tmp_path / "out", manifest["package_hash"]) == ()
    assert manifest["completeness"] == "WARNINGS"
    assert manifest["missing"] == ["mismatch_table"]


# -- the section ------------------------------------------------------------------------------


def test_writing_twice_leaves_the_same_bytes(path):
    app = gate()
    sign_all(app)
    decided(app, path)
    first = path.read_bytes()

    app.clock.set(NOW + timedelta(minutes=5))
    decided(app, path)
    assert path.read_bytes() == first
    app.clock.set(NOW + timedelta(days=40))
    assert workflow.report_readiness(app, ID, validation=path)[1] is False
    assert path.read_bytes() == first


def test_the_section_has_all_its_parts(path):
    app = gate()
    package_hash = sign_all(app)
    decided(app, path)
    text = path.read_text()

    order = [
        begin(ID),
        "| test date |",
        "| roles |",
        "| code |",
        "### Executive summary",
        "### Criterion full_parity: PASS",
        "Requirement:",
        "Evidence:",
        "Conclusion:",
        "### Criterion msc1: PASS",
        "### Deliverables",
        "### Metrics",
        "### Known limits",
        "### Sign-off",
        "| developer | approved | captain |",
        end(ID),
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert package_hash in text


def test_what_others_wrote_is_kept(path):
    path.parent.mkdir()
    path.write_text("# Ours\n\nbefore\n")
    app = gate()
    workflow.freeze_package(app, ID)
    workflow.report_readiness(app, ID, validation=path)
    path.write_text(path.read_text() + "after\n")

    sign_all(app)
    decided(app, path)

    text = path.read_text()
    assert text.startswith("# Ours\n\nbefore\n\n" + begin(ID))
    assert text.endswith(end(ID) + "\nafter\n")
    assert text.count(begin(ID)) == 1
    assert "| developer | approved" in text


def test_two_campaigns_stand_side_by_side(path):
    for name in ("one", "two", "one"):
        write_section(path, name, f"{begin(name)}\n{name}\n{end(name)}\n")

    assert [line for line in path.read_text().split("\n") if line in ("one", "two")] == [
        "one",
        "two",
    ]


@pytest.mark.parametrize("text", [begin(ID), end(ID), f"{end(ID)}\n{begin(ID)}", begin(ID) * 2])
def test_markers_that_are_no_pair_are_left_alone(path, text):
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(ActionRefused, match="not one pair"):
        write_section(path, ID, "x")
    assert path.read_text() == text


def test_a_reason_cannot_break_the_table_or_the_markers(path):
    app = gate()
    package_hash = workflow.freeze_package(app, ID)["package_hash"]
    from booking_sms.pipeline.operator import Person

    evil = Person(by="x | y", reason=f"no\n{end(ID)}\n| a |")
    workflow.sign_package(app, ID, "QA", package_hash, evil, approved=False)

    decided(app, path)
    decided(app, path)

    assert path.read_text().count(end(ID)) == 1


def test_the_file_is_readable_and_nothing_is_left_beside_it(path):
    app = gate()
    sign_all(app)
    decided(app, path)

    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# -- no test writes into the real file --------------------------------------------------------

WRITERS = {"decide_readiness", "report_readiness"}


def calls_of_writers() -> list[tuple[Path, ast.Call]]:
    found = []
    for module in TESTS.rglob("*.py"):
        source = module.read_text(encoding="utf-8")
        if not any(name in source for name in WRITERS):
            continue
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        found += [
            (module, call)
            for call in calls
            if isinstance(call.func, ast.Attribute) and call.func.attr in WRITERS
        ]
    return found


def test_every_test_names_the_file_that_it_writes():
    calls = calls_of_writers()

    assert calls
    for module, call in calls:
        assert "validation" in {keyword.arg for keyword in call.keywords}, (module, call.lineno)


def test_no_test_module_names_the_real_file():
    real = (f"workflow.{'VALIDATION'}", f"docs/{'VALIDATION'}")

    for module in TESTS.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert not [name for name in real if name in text], module


def test_the_whole_way_leaves_the_real_file_alone(path):
    real = Path(__file__).resolve().parents[3] / "docs" / path.name
    before = real.read_bytes() if real.exists() else None
    app = gate()
    sign_all(app)

    decided(app, path)
    workflow.report_readiness(app, ID, validation=path)

    assert (real.read_bytes() if real.exists() else None) == before


def test_a_page_that_is_made_again_at_one_instant_is_a_version_of_its_own():
    app = gate()
    now = app.clock.now()

    first, second = (keep_text(app, ID, "page.html", text, now) for text in ("one", "two"))

    assert first.at < second.at
    assert app.evidence.get(ID, "page.html").content == "two"
