"""Feeds, calendars, the badge, and the page to follow by."""
