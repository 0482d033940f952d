"""Laboratories: facilities, inventories, training runs, deployments, declarations, readings."""
