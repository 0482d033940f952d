"""Answers for feeds, calendars and mails."""
