from django.urls import URLPattern

app_name = "treaty"
urlpatterns: list[URLPattern] = []
