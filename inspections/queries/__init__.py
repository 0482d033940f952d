"""Answers for pages and actions."""
