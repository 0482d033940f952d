from accounts.models.invitations import Invitation
from accounts.models.keys import OrganisationRoot, SigningRule, VotingKey
from accounts.models.organisations import Affiliation, Organisation
from accounts.models.people import Membership, User
from accounts.models.tokens import TokenName

__all__ = [
    "Affiliation",
    "Invitation",
    "Membership",
    "Organisation",
    "OrganisationRoot",
    "SigningRule",
    "TokenName",
    "User",
    "VotingKey",
]
