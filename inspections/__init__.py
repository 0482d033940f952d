"""Monitoring bodies, mandates, schedule, visits, reports, findings, evidence."""
