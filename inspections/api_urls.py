from django.urls import path

from inspections.views import draws_api

app_name = "inspections_api"
urlpatterns = [
    path("", draws_api.DrawsView.as_view(), name="draws"),
    path("<slug:key>/", draws_api.DrawView.as_view(), name="draw"),
    path("<slug:key>/commitments/", draws_api.CommitmentsView.as_view(), name="draw_commitments"),
    path("<slug:key>/values/", draws_api.ValuesView.as_view(), name="draw_values"),
]
