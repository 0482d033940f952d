import pytest
from django.core.management import CommandError, call_command

from tests.factories import depositary, representative
from tests.texts import MODEL, model_text
from treaty.models import TreatyText


def test_a_text_is_checked_without_a_database(capsys):
    call_command("publish_text", str(MODEL), check=True)
    assert "valid, version 1, 28 articles" in capsys.readouterr().out


def test_a_problem_is_printed_with_its_line(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(model_text().replace(b"longest: 84 h", b"longest: 84 hours"))
    with pytest.raises(
        CommandError, match=r"line [0-9]+, monitoring\.challenge\.longest: '84 hours' is not a duration"
    ):
        call_command("publish_text", str(wrong), check=True)


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("publish_text", str(tmp_path / "none.yaml"), check=True)


@pytest.mark.django_db
def test_the_depositary_publishes_and_nobody_else(capsys):
    with pytest.raises(CommandError, match="Only the depositary"):
        call_command("publish_text", str(MODEL), email=representative().email)
    call_command("publish_text", str(MODEL), email=depositary().email)
    assert TreatyText.objects.get().sha256 in capsys.readouterr().out
