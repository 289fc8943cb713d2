"""The steps of golden parity: recordings in, verdict out.

What a step leaves for the next one stands in the payload stage; only counts and keys are handed
on. Time is real time here, not the business clock: a proof is dated by when it was made.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from booking_sms.adapters.naver.parsing import parse_booking
from booking_sms.bootstrap import Application
from booking_sms.config.catalog_loader import load_catalog
from booking_sms.domain.booking import KST
from booking_sms.domain.errors import ParityFailed, PayloadConflict
from booking_sms.parity.compare import compare
from booking_sms.parity.dataset import Dataset, GoldenFile, read_dataset, verified_dataset
from booking_sms.parity.differences import Difference
from booking_sms.parity.explained import explained_file, read_explained
from booking_sms.parity.golden import recorded_outcome
from booking_sms.parity.masking import shown
from booking_sms.parity.noise import undecided
from booking_sms.parity.own import check_own
from booking_sms.parity.page import PAST_RUNS, PageSource, page
from booking_sms.parity.publishing import metrics_evidence, publish_parity
from booking_sms.parity.result import as_result
from booking_sms.parity.scenario import read_scenarios
from booking_sms.parity.told import decide_and_tell
from booking_sms.workflow.own_expectations import own_decider
from booking_sms.workflow.steps import Summary

FOLDER, JUDGED = "parity/golden", "parity/golden-judged"
GOLDEN, RESULT, PAGE = "golden-parity", "golden-parity.json", "golden-parity.html"
"""Where result and page are kept as evidence: under the DAG's own name, and under a campaign's."""
MOST_SAMPLES = 50
INPUTS = ("rules", "messages", "stores", "golden")
log = structlog.get_logger(__name__)


def load_golden(app: Application) -> Summary:
    """Verify the dataset; ``judged`` tells whether these very files had a clean verdict already.

    Raises DatasetInvalid with file and field.
    """
    dataset = verified_dataset(_golden(app))
    digest = inputs_digest(app.settings.home)
    return {
        "inputs": digest,
        "judged": f"{JUDGED}/{digest}" in app.stage.list(JUDGED),
        "dataset": dataset.stamp(),
        "recordings": {name: file.scenarios for name, file in dataset.named("legacy").items()},
        "own": {name: file.scenarios for name, file in dataset.named("own").items()},
    }


def inputs_digest(home: Path) -> str:
    """One checksum of everything that an owner can change: rules, texts, stores, goldens."""
    digest = hashlib.sha256()
    for folder in INPUTS:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(home).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def decide_candidate(app: Application, run: str) -> Summary:
    """What our rules decide for every recording, asked twice; staged at ``key``.

    A scenario that is decided otherwise when asked again proves nothing: ``undecided`` counts them.
    """
    began = time.monotonic()
    dataset = read_dataset(_golden(app))
    recordings = dataset.named("legacy").items()
    outcomes = {name: _decided(app, dataset, name, file) for name, file in recordings}
    taken_ms = _since(began)
    again = {name: _decided(app, dataset, name, file) for name, file in recordings}
    unsure = {name: undecided(found, again[name]) for name, found in outcomes.items()}
    found = [outcome for file in outcomes.values() for outcome in file]
    document = {"outcomes": outcomes, "undecided": unsure}
    return {
        "key": app.stage.write(f"{FOLDER}/{run}/outcomes", document),
        "scenarios": len(found),
        "errors": sum("error" in outcome for outcome in found),
        "undecided": sum(map(len, unsure.values())),
        "duration_ms": taken_ms,
    }


def _decided(app: Application, dataset: Dataset, name: str, file: GoldenFile) -> list[Any]:
    catalog = load_catalog(app.settings.home, file.rule_set)
    scenarios = read_scenarios(dataset.path(name), recorded=True)
    return [decide_and_tell(each, catalog, parse_booking) for each in scenarios]


def compare_outcomes(app: Application, run: str, decided: Mapping[str, Any]) -> Summary:
    """The comparison; result and masked samples are staged, the page is kept as evidence.

    Mismatches do not fail this step.
    """
    began = time.monotonic()
    dataset, ran_at = read_dataset(_golden(app)), _now(app)
    document = app.stage.read(str(decided["key"]))
    (name, file), *others = dataset.named("legacy").items()
    if others:
        raise ParityFailed("more than one recording: the result has room for one", run=run)
    decided_twice = document["outcomes"][name], document["undecided"][name]
    source = _compared(app, dataset, name, file, *decided_twice, ran_at)
    source.result["duration_ms"] = int(decided["duration_ms"]) + _since(began)
    app.evidence.put(GOLDEN, PAGE, page_of(app, GOLDEN, source), at=ran_at)
    app.evidence.put(GOLDEN, RESULT, json.dumps(source.result, ensure_ascii=False), at=ran_at)
    report = source.report
    document = {
        "result": source.result,
        "samples": [shown(found) for found in report.unexplained[:MOST_SAMPLES]],
        "open": [_packed(found) for found in report.unexplained],
    }
    key = app.stage.write(f"{FOLDER}/{run}/comparison", document)
    return {"key": key, "outcomes": decided["key"], "result": source.result}


def judge_goldens(app: Application) -> PageSource:
    """Decide and compare the recordings here and now: report, result and what a page needs."""
    dataset, ran_at, began = verified_dataset(_golden(app)), _now(app), time.monotonic()
    ((name, file),) = dataset.named("legacy").items()
    first, again = (_decided(app, dataset, name, file) for _ in range(2))
    source = _compared(app, dataset, name, file, first, undecided(first, again), ran_at)
    source.result["duration_ms"] = _since(began)
    return source


def page_of(app: Application, campaign: str, source: PageSource) -> str:
    """The page, with the trend of the results that the campaign's evidence has already."""
    versions = app.evidence.versions(campaign, RESULT)[-PAST_RUNS:]
    kept = (app.evidence.get(campaign, RESULT, at) for at in versions)
    past = [json.loads(one.content) for one in kept if one is not None]
    return page(replace(source, history=past))


def _compared(
    app: Application,
    dataset: Dataset,
    name: str,
    file: GoldenFile,
    actual: list[Mapping[str, Any]],
    unsure: list[str],
    ran_at: datetime,
) -> PageSource:
    rules = load_catalog(app.settings.home, file.rule_set).rules
    explained = explained_file(app.settings.home, rules.name)
    entries = read_explained(explained, rules) if explained.exists() else ()
    scenarios = read_scenarios(dataset.path(name), recorded=True)
    expected = [recorded_outcome(scenario) for scenario in scenarios]
    today = ran_at.date()
    report = compare(expected, actual, rules, entries, today=today).with_undecided(unsure)
    bookings = sum(len(one.confirmed) + len(one.completed) for one in scenarios)
    return PageSource(
        report=report,
        result=as_result(report, dataset.stamp(), ran_at) | {"bookings": bookings},
        rules=rules,
        today=today,
        explanations=entries,
        expected=expected,
    )


def check_expectations(app: Application, run: str, compared: Mapping[str, Any]) -> Summary:
    """Great Expectations over both sides, and our own expectations, which are counted apart.

    Masked differences of the latter are staged.
    """
    from booking_sms.quality.parity import expectations_of  # heavy: pandas and GX

    dataset = read_dataset(_golden(app))
    outcomes = app.stage.read(str(compared["outcomes"]))["outcomes"]
    results = check_own(dataset, own_decider(app.settings.home))
    differing = {result.name: list(result.differences) for result in results if result.differences}
    ((name, _),) = dataset.named("legacy").items()
    recorded = map(recorded_outcome, read_scenarios(dataset.path(name), recorded=True))
    checked = expectations_of(list(recorded), outcomes[name])
    document = {
        "files": {result.name: result.as_dict() for result in results},
        "open": differing,
        "checks": checked,
    }
    return {
        "key": app.stage.write(f"{FOLDER}/{run}/expectations", document),
        "files": document["files"],
        "checks": checked,
        "passed": bool(results) and all(result.passed for result in results),
    }


def publish_golden(
    app: Application,
    run: str,
    loaded: Mapping[str, Any],
    compared: Mapping[str, Any],
    expected: Mapping[str, Any],
) -> Summary:
    """Publish metrics and events, keep the verdict; ParityFailed if it is not a clean one."""
    result, sink = dict(compared["result"]), app.comparison_metrics
    document = app.stage.read(str(compared["key"]))
    open_ones = [_unpacked(each) for each in document["open"]]
    evidence = None  # switched off is unmeasured, not zero failures
    if sink is not None:
        evidence = metrics_evidence(result, publish_parity(result, sink, log, open_ones))
    report = {
        "result": result,
        "own": expected["files"],
        "checks": expected["checks"],
        "metrics": evidence,
        "samples": document["samples"],
    }
    key = keep_report(app, run, report)
    wrong = verdict(result, expected)
    log.info("golden_parity_judged", report=key, passed=not wrong)
    if wrong:
        app.alert(f"GOLDEN PARITY: {'; '.join(wrong)}. Report: {key} in the stage")
        raise ParityFailed("; ".join(wrong), report=key)
    _judged(app, str(loaded["inputs"]), key)
    return {"key": key, "metrics": evidence, "match_percentage": result["match_percentage"]}


def keep_report(app: Application, run: str, report: Mapping[str, Any]) -> str:
    """Stage the report of a run; its key. Whatever people look at is made from this document:
    the result, own expectations, published metrics and masked samples.
    """
    return app.stage.write(f"{FOLDER}/{run}/report", report)


def verdict(result: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Why the run is red; empty when it is clean."""
    wrong = [f"nothing was compared: {reason}" for reason in result["vacuous"]]
    if result["unexplained"]:
        wrong.append(f"{result['unexplained']} unexplained differences from the recordings")
    if expected["checks"]["failed"] and not result["explained"]:
        wrong.append(f"Great Expectations: {', '.join(expected['checks']['failed'])}")
    for name, file in expected["files"].items():
        if file["mismatches"] or file["vacuous"]:
            wrong.append(f"own expectations {name}: {file['mismatches']} differences")
    if not expected["files"]:
        wrong.append("no own expectations were checked")
    return wrong


def _judged(app: Application, digest: str, key: str) -> None:
    """Remember that these files are clean: an hour later nothing is new."""
    try:
        app.stage.write(f"{JUDGED}/{digest}", {"report": key})
    except PayloadConflict:  # judged before: the daily run, or a run by hand
        log.info("golden_inputs_judged_before", inputs=digest[:12])


def _packed(difference: Difference) -> dict[str, Any]:
    return {
        name: getattr(difference, name)
        for name in ("scenario", "channel", "path", "kind", "expected", "actual")
    }


def _unpacked(document: Mapping[str, Any]) -> Difference:
    return Difference(**document)


def _golden(app: Application) -> Path:
    return app.settings.home / "golden"


def _now(app: Application) -> datetime:
    return datetime.fromtimestamp(app.transport_clock.now_ms() / 1000, KST)


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
