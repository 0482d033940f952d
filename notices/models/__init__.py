"""Who asked to be told."""

from notices.models.subscriptions import Subscription

__all__ = ["Subscription"]
