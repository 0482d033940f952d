"""Addresses of the ballot host: its pages, what they ask, and nothing of the site."""

from django.urls import path

from treaty.views import host, host_keys

app_name = "host"
urlpatterns = [
    path("", host.BallotHostPage.as_view(), name="ballot"),
    path("ballots/", host.CastView.as_view(), name="ballots"),
    path("key/", host_keys.KeyHostPage.as_view(), name="key"),
    path("key/asked/", host_keys.AskedView.as_view(), name="key_asked"),
    path("key/enrolments/", host_keys.EnrolView.as_view(), name="key_enrolments"),
    path("key/root-signature/", host_keys.RootSignatureView.as_view(), name="root_signature"),
    path("paper/", host.PaperView.as_view(), name="paper"),
    path("software-signature/", host.SoftwareSignatureView.as_view(), name="software_signature"),
]
handler400 = "treaty.views.host.cannot_read"
handler404 = "treaty.views.host.no_such_page"
handler500 = "web.views.errors.failed"
