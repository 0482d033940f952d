from django.urls import path, re_path

from inspections.views import bodies, challenges, draws, evidence, overview, recipients, reports, tip_desk, visits

app_name = "inspections"
urlpatterns = [
    path("", overview.InspectionsPage.as_view(), name="list"),
    re_path(r"^(?P<table>[a-z]+)\.(?P<form>csv|json)$", overview.TableView.as_view(), name="table"),
    re_path(
        r"^evidence/(?P<pk>[0-9]{1,18})/(?P<form>copy|original)/$", evidence.EvidenceFile.as_view(), name="evidence"
    ),
    path("bodies/<slug:key>/", bodies.BodyPage.as_view(), name="body"),
    path("bodies/<slug:key>/mandate/", bodies.GiveMandate.as_view(), name="mandate"),
    path(
        "bodies/<slug:key>/inspectors/<slug:handle>/availability/",
        bodies.StateAvailability.as_view(),
        name="availability",
    ),
    path("bodies/<slug:key>/inspectors/<slug:handle>/designate/", bodies.Designate.as_view(), name="designate"),
    path("bodies/<slug:key>/inspectors/<slug:handle>/end/", bodies.EndDesignation.as_view(), name="end_designation"),
    path("bodies/<slug:key>/recipients/new/", recipients.PublishRecipient.as_view(), name="publish_recipient"),
    path(
        "bodies/<slug:key>/recipients/<slug:recipient>/withdraw/",
        recipients.WithdrawRecipient.as_view(),
        name="withdraw_recipient",
    ),
    path("bodies/<slug:key>/tips/", tip_desk.TipDesk.as_view(), name="tips"),
    path("bodies/<slug:key>/tips/<slug:sha256>/", tip_desk.TipDetail.as_view(), name="tip"),
    path("bodies/<slug:key>/tips/<slug:sha256>/sealed.age", tip_desk.SealedFile.as_view(), name="tip_file"),
    path("bodies/<slug:key>/tips/<slug:sha256>/<slug:event>/", tip_desk.TipAction.as_view(), name="tip_act"),
    path("challenges/new/", challenges.RequestChallenge.as_view(), name="request_challenge"),
    path("challenges/<slug:key>/", challenges.ChallengePage.as_view(), name="challenge"),
    path("draws/", draws.DrawsPage.as_view(), name="draws"),
    path("draws/<slug:key>/", draws.DrawPage.as_view(), name="draw"),
    path("draws/<slug:key>/commit/", draws.CommitValue.as_view(), name="draw_commit"),
    path("draws/<slug:key>/reveal/", draws.RevealValue.as_view(), name="draw_reveal"),
    path("draws/<slug:key>/transcript.json", draws.TranscriptView.as_view(), name="draw_transcript"),
    path("reports/<slug:key>/<int:version>/", reports.ReportPage.as_view(), name="report"),
    path("reports/<slug:key>/<int:version>/comment/", visits.CommentView.as_view(), name="comment"),
    path("reports/<slug:key>/<int:version>/findings/<int:number>/", visits.SettleView.as_view(), name="settle"),
    path("visits/<slug:key>/", visits.VisitPage.as_view(), name="visit"),
    path("visits/<slug:key>/act/<slug:event>/", visits.VisitActView.as_view(), name="act"),
    path("visits/<slug:key>/report/", reports.ReportFormView.as_view(), name="report_form"),
    path("visits/<slug:key>/report/begin/", visits.BeginReportView.as_view(), name="report_begin"),
    path("visits/<slug:key>/report/draft.json", reports.DraftExport.as_view(), name="report_draft"),
    path("visits/<slug:key>/report/photographs/", evidence.PhotographView.as_view(), name="photograph"),
    path(
        "visits/<slug:key>/report/photographs/<int:pk>/remove/",
        evidence.PhotographRemoveView.as_view(),
        name="photograph_remove",
    ),
    path("visits/<slug:key>/report/sign/", reports.SignView.as_view(), name="report_sign"),
    path("visits/<slug:key>/report/submit/", reports.SubmitView.as_view(), name="report_submit"),
]
