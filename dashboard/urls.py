from django.conf import settings
from django.urls import path, re_path
from django.views.generic import RedirectView

from dashboard.views.data import DataPage, DictionaryPage, PolicyPage, bundle_file
from dashboard.views.discovery import picture, robots, sitemap
from dashboard.views.figures import FigurePage, FiguresPage, figure_file, figures_json
from dashboard.views.health import StatusPage, healthz, metrics, readyz
from dashboard.views.home import HomePage
from dashboard.views.laboratories import LaboratoriesPage, LaboratoryPage
from dashboard.views.me import MePage
from dashboard.views.pages import About, Accessibility, ApiGroupPage, ApiPage, SchemaJson, SchemaYaml, Source
from dashboard.views.parties import PartiesPage

app_name = "dashboard"
# Sorted by path. The two pages of laboratories stand before `labs`' own at the same addresses and add what only the apps above know.
urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("about/", About.as_view(), name="about"),
    path("about/accessibility/", Accessibility.as_view(), name="accessibility"),
    path("about/source/", Source.as_view(), name="source"),
    path("api/", ApiPage.as_view(), name="api"),
    re_path(r"^api/(?P<noun>[a-z_]+)/$", ApiGroupPage.as_view(), name="api_group"),
    path("api/v1/schema.json", SchemaJson.as_view(), name="schema_json"),
    path("api/v1/schema.yaml", SchemaYaml.as_view(), name="schema_yaml"),
    path("favicon.ico", RedirectView.as_view(url=settings.STATIC_URL + "img/favicon.ico"), name="favicon"),
    path("data/", DataPage.as_view(), name="data"),
    path("data/dictionary/", DictionaryPage.as_view(), name="data_dictionary"),
    path("data/policy/", PolicyPage.as_view(), name="data_policy"),
    path("data/<slug:name>.zip", bundle_file, name="data_bundle"),
    path("figures.json", figures_json, name="figures_json"),
    path("figures/", FiguresPage.as_view(), name="figures"),
    re_path(
        r"^figures/(?P<name>[a-z0-9_/-]{1,200})\.(?P<form>svg|csv|json|metadata\.json)$",
        figure_file,
        name="figure_file",
    ),
    re_path(r"^figures/(?P<name>[a-z0-9_/-]{1,200})/$", FigurePage.as_view(), name="figure"),
    path("healthz", healthz, name="health"),
    path("metrics", metrics, name="metrics"),
    path("picture.png", picture, name="picture"),
    path("readyz", readyz, name="ready"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("status/", StatusPage.as_view(), name="status"),
    path("labs/", LaboratoriesPage.as_view(), name="labs"),
    path("labs/<slug:key>/", LaboratoryPage.as_view(), name="lab"),
    path("me/", MePage.as_view(), name="me"),
    path("parties/", PartiesPage.as_view(), name="parties"),
]
