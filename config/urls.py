"""Addresses. Each app has its own; here is only where they hang."""

from django.urls import include, path

handler400 = "web.views.errors.bad_request"
handler404 = "web.views.errors.not_found"
handler500 = "web.views.errors.failed"
urlpatterns = [
    path("", include("dashboard.urls")),
    path("", include("notices.urls")),
    path("account/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("labs/", include("labs.urls")),
    path("", include("treaty.urls")),
    path("inspections/", include("inspections.urls")),
    path("tips/", include("inspections.tip_urls")),
    path("api/v1/draws/", include("inspections.api_urls")),
    path("api/v1/", include("inspections.accounting_urls")),
    path("", include("ledger.urls")),
    path("", include("web.urls")),
]
