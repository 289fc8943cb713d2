"""Puts each store's door code and Wi-Fi key into the world's Secrets Manager."""

import json

from sandbox.supervisor.environment import ACCOUNT, REGION
from sandbox.world.recipe import Recipe
from sandbox.world.store_secrets import SECRET_PREFIX, store_secret


def put_store_secrets(recipe: Recipe, endpoint: str) -> None:
    """One JSON secret a store; Secrets Manager here forgets everything at each stop."""
    # imported late: half a second in which the programs can already start
    import boto3

    client = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT["login"],
        aws_secret_access_key=ACCOUNT["password"],
    )
    for store in recipe.store_ids:
        value = json.dumps(store_secret(recipe.seed, store))
        client.create_secret(Name=f"{SECRET_PREFIX}{store}", SecretString=value)
