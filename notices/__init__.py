"""Tells people what the record says: e-mail, webhooks, feeds, calendars."""
