"""Starts and stops a whole world: the sandbox, a DynamoDB and a small AWS, as one group."""
