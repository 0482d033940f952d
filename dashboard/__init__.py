"""The public site: pages over every app. It changes nothing."""
