"""Who asked to be told."""

from notices.models.hooks import Hook, HookDelivery
from notices.models.subscriptions import Subscription

__all__ = ["Hook", "HookDelivery", "Subscription"]
