"""The record's pages, its published files and its API."""
