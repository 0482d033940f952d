from django.urls import path, re_path

from notices.views import badge, calendars, feeds, follow, hooks

app_name = "notices"
urlpatterns = [
    path("badge.json", badge.data, name="badge_data"),
    path("badge.svg", badge.picture, name="badge"),
    path("calendar.ics", calendars.everybody, name="calendar"),
    path("calendars/<slug:key>.ics", calendars.laboratory, name="lab_calendar"),
    path("feeds/all.atom", feeds.everything, name="everything"),
    re_path(r"^feeds/kinds/(?P<name>[a-z_.]{1,64})\.atom$", feeds.kind, name="kind"),
    path("feeds/labs/<slug:key>.atom", feeds.laboratory, name="lab"),
    path("feeds/<slug:name>.atom", feeds.topic, name="topic"),
    path("follow/", follow.Follow.as_view(), name="follow"),
    path("follow/asked/", follow.Asked.as_view(), name="asked"),
    path("follow/confirm/<str:token>/", follow.Confirm.as_view(), name="confirm"),
    path("follow/webhooks/", hooks.Hooks.as_view(), name="hooks"),
    path("follow/webhooks/<int:pk>/remove/", hooks.RemoveHook.as_view(), name="remove_hook"),
    path("follow/end/<str:token>/", follow.End.as_view(), name="end"),
]
