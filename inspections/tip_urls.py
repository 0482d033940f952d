"""Where tips are sealed and answers fetched: nobody is known here (`web.middleware.Anonymous`)."""

from django.urls import path

from inspections.views import tips

app_name = "tips"
urlpatterns = [
    path("", tips.TipPage.as_view(), name="write"),
    path("answers/", tips.AnswersPage.as_view(), name="answers"),
    path("received/", tips.RegisterPage.as_view(), name="received"),
    path("send/", tips.SendTip.as_view(), name="send"),
]
