from django.urls import path

from labs.views import filing
from labs.views.laboratories import LaboratoriesView, LaboratoryView

app_name = "labs"
urlpatterns = [
    path("", LaboratoriesView.as_view(), name="list"),
    path("<slug:key>/", LaboratoryView.as_view(), name="lab"),
    path("<slug:key>/declarations/<int:pk>/", filing.FileDeclarationView.as_view(), name="file_declaration"),
    path("<slug:key>/deployments/new/", filing.RegisterDeploymentView.as_view(), name="register_deployment"),
    path(
        "<slug:key>/deployments/<slug:deployment>/procedure/",
        filing.AmendProcedureView.as_view(),
        name="amend_procedure",
    ),
    path("<slug:key>/desk/", filing.DeskView.as_view(), name="desk"),
    path("<slug:key>/facilities/new/", filing.RegisterFacilityView.as_view(), name="register_facility"),
    path("<slug:key>/facilities/<slug:facility>/close/", filing.CloseFacilityView.as_view(), name="close_facility"),
    path(
        "<slug:key>/facilities/<slug:facility>/inventory/",
        filing.DeclareInventoryView.as_view(),
        name="declare_inventory",
    ),
    path("<slug:key>/runs/new/", filing.RegisterRunView.as_view(), name="register_run"),
    path("<slug:key>/runs/<slug:run>/finish/", filing.FinishRunView.as_view(), name="finish_run"),
    path("<slug:key>/runs/<slug:run>/halt/", filing.HaltRunView.as_view(), name="halt_run"),
    path("<slug:key>/runs/<slug:run>/start/", filing.StartRunView.as_view(), name="start_run"),
]
