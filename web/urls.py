from django.urls import URLPattern, path

from web.views.design import DesignPage

app_name = "web"
urlpatterns: list[URLPattern] = [path("about/design/", DesignPage.as_view(), name="design")]
