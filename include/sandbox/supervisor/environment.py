"""The connections of a running world, as Airflow reads them from its environment."""

import json
from typing import Any

REGION = "ap-northeast-2"
ACCOUNT = {"login": "sandbox", "password": "sandbox"}


def dotenv(values: dict[str, str]) -> str:
    """``KEY='value'`` lines; no value of :func:`environment` holds a single quote."""
    lines = ["# Connections of an embedded world. Written while it runs, removed when it stops."]
    lines += [f"{name}='{value}'" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def environment(
    urls: dict[str, str], config: dict[str, dict[str, Any]], keys: dict[str, str]
) -> dict[str, str]:
    """Every variable that the pipeline needs to live in this world."""
    connections = {
        "NAVER": _naver(urls, config["naver"]),
        "SENS": _sens(urls, config["sens"]),
        "TELEGRAM": _telegram(urls, config["telegram"]),
        "SLACK": _slack(urls, config["slack"]),
        "AWS": _aws(urls),
        "BOOKING_SMS": _own(keys),
    }
    values = {f"AIRFLOW_CONN_{name}_DEFAULT": _quotable(c) for name, c in connections.items()}
    values["BOOKING_SMS_CLOCK_URL"] = f"{urls['control']}/control/clock"
    values["BOOKING_SMS_SANDBOX_CONTROL_URL"] = urls["control"]
    return values


def _quotable(connection: dict[str, Any]) -> str:
    """JSON that means the same to a shell and to a dotenv reader inside single quotes.

    A dotenv reader unescapes backslashes there and a shell does not, so none is left to unescape.
    """
    text = json.dumps(connection, ensure_ascii=False)
    return text.replace("\\\\", "\\u005c").replace("'", "\\u0027")


def _address(url: str) -> dict[str, Any]:
    schema, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    return {"schema": schema, "host": host, "port": int(port)}


def _naver(urls: dict[str, str], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "conn_type": "generic",
        "login": settings["login_id"],
        "password": settings["password"],
        "extra": {"login_url": urls["naver_login"], "booking_url": urls["naver_booking"]},
    }


def _sens(urls: dict[str, str], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "conn_type": "http",
        **_address(urls["sens"]),
        "login": settings["access_key"],
        "password": settings["secret_key"],
        "extra": {"service_id": settings["service_id"]},
    }


def _telegram(urls: dict[str, str], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "conn_type": "http",
        **_address(urls["telegram"]),
        "password": settings["bot_token"],
        "extra": {"chat_id": settings["chat_id"]},
    }


def _slack(urls: dict[str, str], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "conn_type": "slackwebhook",
        "host": f"{urls['slack']}/services",
        "password": settings["webhook_path"],
    }


def _aws(urls: dict[str, str]) -> dict[str, Any]:
    return {
        "conn_type": "aws",
        **ACCOUNT,
        "extra": {
            "region_name": REGION,
            "endpoint_url": urls["moto"],
            "service_config": {"dynamodb": {"endpoint_url": urls["dynamodb"]}},
        },
    }


def _own(keys: dict[str, str]) -> dict[str, Any]:
    return {
        "conn_type": "generic",
        "password": keys["fernet_key"],
        "extra": {"hmac_key": keys["hmac_key"]},
    }
