from accounts.models.organisations import Affiliation, Organisation
from accounts.models.people import Membership, User

__all__ = ["Affiliation", "Membership", "Organisation", "User"]
