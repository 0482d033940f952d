from django.urls import URLPattern, path

from treaty.views import parties, texts, votes, votes_api

app_name = "treaty"
# Sorted by path.
urlpatterns: list[URLPattern] = [
    path("api/v1/votes/", votes_api.VotesView.as_view(), name="api_votes"),
    path("api/v1/votes/<slug:key>/", votes_api.VoteView.as_view(), name="api_vote"),
    path("api/v1/votes/<slug:key>/ballots/", votes_api.BallotsView.as_view(), name="api_ballots"),
    path("treaty/", texts.TextPage.as_view(), name="text"),
    path("treaty/<int:version>/", texts.TextPage.as_view(), name="text_version"),
    path("treaty/<int:version>/source/", texts.SourcePage.as_view(), name="text_lines"),
    path("treaty/<slug:sha256>.yaml", texts.source, name="text_source"),
    path("treaty/parties/", parties.PartiesPage.as_view(), name="parties"),
    path("treaty/parties/<slug:key>/accept/", parties.AcceptMandate.as_view(), name="accept_mandate"),
    path("treaty/parties/<slug:key>/ratify/", parties.Ratify.as_view(), name="ratify"),
    path("treaty/parties/<slug:key>/revoke/", parties.Revoke.as_view(), name="revoke_withdrawal"),
    path("treaty/parties/<slug:key>/sign/", parties.Sign.as_view(), name="sign"),
    path("treaty/parties/<slug:key>/withdraw/", parties.Withdraw.as_view(), name="withdraw"),
    path("treaty/schema.json", texts.schema, name="text_schema"),
    path("votes/", votes.VoteListPage.as_view(), name="votes"),
    path("votes/<slug:key>/", votes.VotePage.as_view(), name="vote"),
    path("votes/<slug:key>/ballot/", votes.BallotPage.as_view(), name="ballot"),
    path("votes/<slug:key>/ballot/<slug:hash>/", votes.BallotReceiptPage.as_view(), name="ballot_receipt"),
]
