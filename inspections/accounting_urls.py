"""Addresses for programs, below /api/v1/."""

from django.urls import path

from inspections.views import accounting_api, cells, grades, observations, visits_api

app_name = "accounting_api"
urlpatterns = [
    path("matrix/", cells.MatrixView.as_view(), name="matrix"),
    path("matrix/<slug:key>/<slug:layer>/readings/", cells.ReadingsView.as_view(), name="readings"),
    path("grades/", grades.GradesView.as_view(), name="grades"),
    path("balances/", accounting_api.BalancesView.as_view(), name="balances"),
    path("balances/observations/", observations.ObservationFileView.as_view(), name="observation_file"),
    path("balances/<slug:key>/", accounting_api.BalanceView.as_view(), name="balance"),
    path("balances/<slug:key>/observations/", accounting_api.ObservationsView.as_view(), name="observations"),
    path("balances/<slug:key>/declarations/", accounting_api.WorkView.as_view(), name="declarations"),
    path("specials/", visits_api.SpecialsView.as_view(), name="specials"),
    path("visits/", visits_api.VisitsView.as_view(), name="visits"),
]
