import pytest
from django.core.management import call_command

from tests import factories as make


@pytest.mark.django_db
def test_the_command_says_what_was_sealed_and_that_there_is_nothing_more_to_plan(capsys):
    make.party(make.laboratory("aster"))
    make.facility(make.laboratory("aster"))
    make.inspectors(each=1)
    for _ in range(2):
        call_command("plan_year", seconds=5, workers=1)
    said = capsys.readouterr().out
    assert "1 visits sealed anew, 0 left out or late" in said
    assert "nothing to plan" in said
