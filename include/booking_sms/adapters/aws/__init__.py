"""AWS besides DynamoDB: secrets."""
