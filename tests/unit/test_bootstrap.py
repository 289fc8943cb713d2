"""What settings become when the application is composed."""

from workflow_world import InMemoryApplication


def test_limits_of_dispatch_are_those_of_the_settings():
    app = InMemoryApplication(
        sends_per_second=8.0,
        daily_text_cap=7,
        monthly_text_cap=90,
        monthly_reserve_percent=10,
        advertising_gap_days=3,
    )

    policy = app.dispatch_policy(4)

    assert policy.worker_rate == 2.0
    assert (policy.caps.daily_text, policy.caps.monthly_text, policy.caps.reserve) == (7, 90, 9)
    assert policy.advertising_gap_days == 3
