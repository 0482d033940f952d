from django.urls import path

from accounts.views.demo import PeopleView, become
from accounts.views.invitations import InvitationView
from accounts.views.members import EndMembershipView, MembersView
from accounts.views.organisations import FoundView
from accounts.views.tokens import RevokeTokenView, TokensView

app_name = "accounts"
urlpatterns = [
    path("account/invitation/<str:token>/", InvitationView.as_view(), name="invitation"),
    path("account/members/<int:pk>/end/", EndMembershipView.as_view(), name="end_membership"),
    path("account/people/<slug:key>/", MembersView.as_view(), name="members"),
    path("account/tokens/", TokensView.as_view(), name="tokens"),
    path("account/tokens/revoke/", RevokeTokenView.as_view(), name="revoke_token"),
    path("demo/become/", become, name="become"),
    path("demo/people/", PeopleView.as_view(), name="people"),
    path("secretariat/organisations/new/", FoundView.as_view(), name="found"),
]
