"""A Slack that takes webhooks and chat.postMessage, checks Block Kit, and lies when told to."""
