"""The simulation holds the promise, repeats itself, and fails where the promise is taken away."""

import json

import pytest
from typer.testing import CliRunner

from booking_sms.cli.faults import app
from booking_sms.domain.sms_job import JobState
from booking_sms.faults.simulation import Campaign, Result, run_world
from booking_sms.faults.verdict import judge
from booking_sms.testing import make_job


def run(**campaign: object) -> Result:
    total = Result()
    for world in Campaign(**{"sends": 200, "seed": 7, **campaign}).worlds():
        total = total.plus(run_world(world))
    return total


@pytest.mark.slow
def test_among_kills_freezes_and_lies_nothing_is_doubled_or_lost() -> None:
    result = run(sends=600)

    assert result.verdict.is_clean, result.verdict
    assert result.verdict.sends == 600
    assert result.verdict.kills > 60
    assert result.verdict.freezes > 100
    assert min(number for kind, number in result.faults.items() if kind != "ok") > 0


def test_the_same_seed_gives_the_same_history() -> None:
    assert run(sends=60) == run(sends=60)
    assert run(sends=60) != run(sends=60, seed=8)


def test_without_reconcile_it_finds_duplicates() -> None:
    assert run(reconciles=False).verdict.duplicates > 5


@pytest.mark.slow
def test_without_the_fence_it_finds_them_too() -> None:
    verdict = run(sends=800, is_fenced=False).verdict

    assert verdict.duplicates + verdict.wrong_settlements > 0


@pytest.mark.slow
def test_the_command_prints_what_it_found_and_fails_when_it_found_something() -> None:
    good = CliRunner().invoke(app, ["simulation", "--sends", "100", "--json"])
    bad = CliRunner().invoke(app, ["simulation", "--sends", "100", "--no-reconcile", "--json"])

    assert (good.exit_code, bad.exit_code) == (0, 1)
    found = json.loads(good.stdout)
    assert (found["sends"], found["duplicates"], found["lost"]) == (100, 0, 0)
    assert json.loads(bad.stdout)["duplicates"] > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_million_sends() -> None:
    done = CliRunner().invoke(app, ["simulation", "--sends", "1000000", "--json"])

    found = json.loads(done.stdout)
    bad = {name: found[name] for name in ("duplicates", "lost", "unsettled", "wrong_settlements")}
    assert bad == dict.fromkeys(bad, 0)
    assert found["sends"] == 1_000_000


# --- the judge ------------------------------------------------------------------------------

TEXT = ("01000001234", "안내")


@pytest.mark.parametrize(
    ("states", "texts", "found"),
    [
        (["delivered"], 1, {}),
        (["delivered"], 2, {"duplicates": 1}),
        (["delivered"], 0, {"wrong_settlements": 1}),
        (["delivered", "delivered"], 2, {}),
        (["delivered", "delivered"], 1, {"wrong_settlements": 1}),
        (["expired"], 0, {"lost": 1, "expired": 1}),
        (["expired"], 1, {"lost": 1, "expired": 1, "wrong_settlements": 1}),
        (["rejected"], 0, {"wrong_settlements": 1}),
        (["retryable"], 0, {"unsettled": 1}),
        (["outcome_unknown"], 1, {"unsettled": 1, "wrong_settlements": 1}),
        (["held"], 1, {"held": 1}),
        (["held"], 0, {"held": 1}),
        ([], 1, {"duplicates": 1}),
    ],
)
def test_the_judge_sees_every_wrong(states: list[str], texts: int, found: dict[str, int]) -> None:
    jobs = [
        make_job(state=JobState(state), booking_num=f"900101_{n}") for n, state in enumerate(states)
    ]
    verdict = judge(jobs, {TEXT: texts}, [], lambda job: TEXT[1], lambda job: False)

    counts = {**verdict.as_dict()}
    told = {name: n for name, n in counts.items() if n and name not in ("sends", "texts")}
    assert told == found
    assert verdict.is_clean is (not set(found) - {"held", "expired"})
