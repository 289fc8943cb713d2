"""A Telegram Bot API that checks markup, lengths and chats, and lies when told to."""
