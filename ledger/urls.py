from django.urls import URLPattern, path

from ledger.views.api import EntriesView, EntryView, LogView
from ledger.views.bundle import bundle
from ledger.views.entries import EntryPage, Overview, ReceiptPage, receipt_file
from ledger.views.files import checkpoint, policy, tile

app_name = "ledger"
urlpatterns: list[URLPattern] = [
    path("api/v1/ledger/", LogView.as_view(), name="api_log"),
    path("api/v1/ledger/entries/", EntriesView.as_view(), name="api_entries"),
    path("api/v1/ledger/entries/<int:index>/", EntryView.as_view(), name="api_entry"),
    path("ledger/", Overview.as_view(), name="overview"),
    path("ledger/<int:index>/", EntryPage.as_view(), name="entry"),
    path("ledger/<int:index>/receipt", receipt_file, name="receipt_file"),
    path("ledger/bundle", bundle, name="bundle"),
    path("ledger/hash/<str:hash>/", ReceiptPage.as_view(), name="receipt"),
    path("tlog/checkpoint", checkpoint, name="checkpoint"),
    path("tlog/policy", policy, name="policy"),
    path("tlog/tile/<path:path>", tile, name="tile"),
]
