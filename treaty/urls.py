from django.urls import URLPattern, path

from treaty.views import parties, texts

app_name = "treaty"
# Sorted by path.
urlpatterns: list[URLPattern] = [
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
]
