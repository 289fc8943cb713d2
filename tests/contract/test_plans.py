"""Plans come back as JSON, whatever their size."""

import secrets

import pytest

from booking_sms.domain.errors import StoreUnavailable

from .conftest import PREFIX


def test_a_plan_comes_back_and_is_replaced_whole(stores):
    stores.plans.put("plan-1", {"hash": "abc", "items": ({"kind": "guide", "바이트": 120},)})
    assert stores.plans.get("plan-1") == {
        "hash": "abc",
        "items": [{"kind": "guide", "바이트": 120}],
    }

    stores.plans.put("plan-1", {"approved_by": "owner"})
    assert stores.plans.get("plan-1") == {"approved_by": "owner"}


def test_an_unknown_plan_is_none(stores):
    assert stores.plans.get("plan-9") is None


def test_a_plan_larger_than_an_item(stores):
    plan = {"items": [secrets.token_hex(2000) for _ in range(600)]}  # compresses to over 1 MB

    stores.plans.put("large", plan)
    assert stores.plans.get("large") == plan

    stores.plans.put("large", {"items": []})
    assert stores.plans.get("large") == {"items": []}


@pytest.mark.integration
def test_half_a_plan_is_not_a_plan(client, dynamodb):
    dynamodb.plans.put("large", {"items": [secrets.token_hex(2000) for _ in range(300)]})
    items = client.scan(TableName=f"{PREFIX}sms_plans")["Items"]
    part = next(item["plan_id"] for item in items if item["plan_id"]["S"] != "large")
    client.delete_item(TableName=f"{PREFIX}sms_plans", Key={"plan_id": part})

    with pytest.raises(StoreUnavailable):
        dynamodb.plans.get("large")


@pytest.mark.integration
def test_a_replaced_plan_leaves_nothing_behind(client, dynamodb):
    dynamodb.plans.put("large", {"items": [secrets.token_hex(2000) for _ in range(300)]})

    dynamodb.plans.put("large", {"items": []})

    assert client.scan(TableName=f"{PREFIX}sms_plans")["Count"] == 1
