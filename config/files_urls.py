"""Addresses of the host of uploads: one, signed and short-lived."""

from django.urls import path

from inspections.views import files

urlpatterns = [path("evidence/<str:token>/", files.EvidenceBytes.as_view(), name="evidence")]
handler400 = "inspections.views.files.nothing_here"
handler404 = "inspections.views.files.nothing_here"
