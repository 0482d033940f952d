from django.urls import path

from dashboard.views.health import healthz

app_name = "dashboard"
urlpatterns = [
    path("healthz", healthz, name="health"),
]
