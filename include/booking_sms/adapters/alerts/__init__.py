"""Channels where people read: Telegram for the owner, Slack for the engineers."""

from booking_sms.adapters.alerts.slack import SlackChannel
from booking_sms.adapters.alerts.telegram import TelegramChannel

__all__ = ["SlackChannel", "TelegramChannel"]
