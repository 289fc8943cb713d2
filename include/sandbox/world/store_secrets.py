"""Door codes and Wi-Fi keys of the invented stores, as they lie in Secrets Manager."""

import random

SECRET_PREFIX = "booking-sms/stores/"


def store_secret(seed: int, store: str) -> dict[str, str]:
    """The secret of one store, the same for the same seed."""
    rng = random.Random(f"door:{seed}:{store}")
    return {
        "door_code": f"{rng.randrange(10_000):04d}#",
        "wifi_password": f"byeolbit-{store}-{rng.randrange(10_000):04d}",
    }
