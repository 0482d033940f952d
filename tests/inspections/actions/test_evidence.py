import zlib
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from core.errors import Malformed, NotAllowed
from inspections.actions.evidence import attach_evidence, remove_evidence
from inspections.models import Evidence
from inspections.rules import uploads
from inspections.rules.reports import ReportLocked, ReportState
from inspections.rules.visits import VisitState
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def report():
    people = make.inspectors(each=1, bodies=("ivb", "nordic"))
    return make.draft(make.visit(state=VisitState.IN_PROGRESS, team=people))


@pytest.fixture
def inspector(report):
    return report.visit.team.first().designation.user


@pytest.fixture
def attach(report, inspector):
    def attached(data, **fields):
        return attach_evidence(
            **{"report": report, "data": data, "name": "rack.jpg", "by": inspector, "at": NOON, **fields}
        )

    return attached


def stored(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def png_header(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, body):
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def padded(size):
    """A photograph of exactly `size` bytes: the rest is a comment inside a JPEG."""
    data = make.photograph()
    comments = b""
    while len(data) + len(comments) < size:
        length = min(65_533, size - len(data) - len(comments) - 4)
        comments += b"\xff\xfe" + (length + 2).to_bytes(2) + b"x" * length
    return data[:2] + comments + data[2:]


def animated():
    answer = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(answer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return answer.getvalue()


def test_a_photograph_is_taken_in_with_its_hash_on_record(attach, sealed_storage, recorded):
    evidence = attach(make.photograph(), caption="Rack 7", layer="chips")
    [(kind, payload)] = recorded()
    assert kind == "evidence.received"
    assert evidence.sha256 not in str(payload)  # salted: a guess cannot be confirmed
    assert len(stored(sealed_storage)) == 2
    assert "rack" not in str(stored(sealed_storage))


def test_the_published_copy_has_no_metadata_and_the_sealed_original_is_untouched(attach):
    original = make.photograph(exif=True)
    evidence = attach(original)
    with evidence.file.open() as sealed, evidence.published.open() as copy:
        assert sealed.read() == original
        data = copy.read()
    assert b"Ada Example" in original
    assert b"Ada Example" not in data
    assert not Image.open(BytesIO(data)).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_jpeg_png_and_webp_are_taken_by_their_content_whatever_their_name(attach, kind):
    evidence = attach(make.photograph(kind), name="page.html")
    assert evidence.media_type == f"image/{kind.lower()}"
    assert evidence.name == "page" + {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}[kind]


def test_a_large_photograph_is_published_small(attach):
    evidence = attach(make.photograph(size=(3000, 1500)))
    with evidence.published.open() as copy:
        assert Image.open(copy).size == (2400, 1200)
    assert (evidence.width, evidence.height) == (3000, 1500)


def archive():
    return b"PK\x03\x04\x14\0\0\0" + bytes(60)


REFUSED = {
    "html": (b"<!doctype html><script>alert(1)</script>", uploads.UploadRefused),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', uploads.NotAPhotograph),
    "svg with script": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        uploads.MoreThanAPhotograph,
    ),
    "zip": (archive(), uploads.UploadRefused),
    "picture and page": (make.photograph() + b"<SCRIPT>alert(1)</script>", uploads.MoreThanAPhotograph),
    "picture and archive": (make.photograph("PNG") + archive(), uploads.MoreThanAPhotograph),
    "pdf before a picture": (b"%PDF-1.7\n" + make.photograph(), uploads.MoreThanAPhotograph),
    "gif": (make.photograph("GIF"), uploads.NotAPhotograph),
    "tiff": (make.photograph("TIFF"), uploads.NotAPhotograph),
    "animation": (animated(), uploads.MoreThanAPhotograph),
    "half a picture": (make.photograph(size=(900, 900), kind="PNG")[:-900], uploads.NotAPhotograph),
    "a header alone": (make.photograph()[:20], uploads.NotAPhotograph),
    "nothing": (b"", uploads.UploadEmpty),
    "30,000 by 30,000": (png_header(30_000, 30_000), uploads.TooManyPixels),
    "just over 40 megapixels": (png_header(40_000_001, 1), uploads.TooManyPixels),
    "one byte too many": (padded(uploads.LARGEST_BYTES + 1), uploads.UploadTooLarge),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_a_photograph_is_refused_and_nothing_is_stored(attach, report, sealed_storage, recorded, what):
    data, refusal = REFUSED[what]
    with pytest.raises(refusal) as error:
        attach(data)
    assert error.value.detail
    assert (stored(sealed_storage), report.evidence.count(), recorded()) == ([], 0, [])


def test_a_photograph_of_exactly_the_limit_is_taken(attach):
    data = padded(uploads.LARGEST_BYTES)
    assert len(data) == uploads.LARGEST_BYTES
    assert attach(data).size == uploads.LARGEST_BYTES


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\boot.ini", "boot.jpg"),
        ("a\0b.jpg", "ab.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie_ x.jpg"),
        ("photo\u202egpj.exe", "photogpj.jpg"),
        ("...", "photograph.jpg"),
        ("", "photograph.jpg"),
        ('"><script>.jpg', "___script_.jpg"),
    ],
)
def test_names_become_harmless(attach, name, kept):
    assert attach(make.photograph(), name=name).name == kept


def test_a_name_of_255_accented_letters_fits(attach):
    name = attach(make.photograph(), name="é" * 255 + ".jpg").name
    assert len(name.encode()) <= uploads.LONGEST_NAME
    assert name.startswith("éé")


def test_the_same_file_twice_is_one_photograph(attach, sealed_storage, recorded):
    data = make.photograph()
    assert attach(data) == attach(data, name="again.jpg")
    assert (Evidence.objects.count(), len(stored(sealed_storage)), len(recorded())) == (1, 2, 1)


def test_a_photograph_added_after_a_signature_asks_for_the_signature_anew(attach, report, inspector):
    make.sign_report(report=report, revision=report.revision, by=inspector, at=NOON)
    attach(make.photograph())
    report.refresh_from_db()
    assert report.state == ReportState.DRAFT


def test_only_the_team_attaches(report, attach, sealed_storage):
    for stranger in (make.inspector(make.body("ivb")), make.representative(report.visit.facility.organisation)):
        with pytest.raises(NotAllowed):
            attach(make.photograph(), by=stranger)
    assert stored(sealed_storage) == []


def test_nothing_is_attached_to_a_submitted_report(attach, report, sealed_storage):
    for one in report.visit.team.all():
        make.sign_report(report=report, revision=report.revision, by=one.designation.user, at=NOON)
    make.submit_report(report=report, submission_key="k", by=report.visit.team.first().designation.user, at=NOON)
    with pytest.raises(ReportLocked):
        attach(make.photograph())
    assert stored(sealed_storage) == []


@pytest.mark.parametrize("wrong", [{"layer": "cellar"}, {"taken_at": NOON + timedelta(seconds=1)}])
def test_a_layer_that_does_not_exist_and_a_time_to_come_are_refused(attach, wrong, sealed_storage):
    with pytest.raises(Malformed):
        attach(make.photograph(), **wrong)
    assert stored(sealed_storage) == []


def test_a_report_holds_a_limited_number_of_photographs(attach, monkeypatch):
    monkeypatch.setattr("inspections.actions.evidence.MOST_PHOTOGRAPHS", 1)
    attach(make.photograph())
    with pytest.raises(uploads.TooManyPhotographs):
        attach(make.photograph(colour=(1, 2, 3)))


def test_a_photograph_taken_out_of_a_draft_leaves_its_receipt_on_record(
    attach, inspector, sealed_storage, recorded, django_capture_on_commit_callbacks
):
    evidence = attach(make.photograph())
    with django_capture_on_commit_callbacks(execute=True):
        remove_evidence(evidence=evidence, by=inspector, at=NOON)
    assert [kind for kind, _ in recorded()] == ["evidence.received", "evidence.withdrawn"]
    assert (Evidence.objects.count(), stored(sealed_storage)) == (0, [])
