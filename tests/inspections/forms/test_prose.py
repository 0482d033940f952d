import importlib
import pkgutil

import pytest
from django import forms

import inspections.forms
from inspections.forms import PlainText

TEN_MEGABYTES = "x" * 10_000_000
MODULES = [f"inspections.forms.{one.name}" for one in pkgutil.iter_modules(inspections.forms.__path__)]


def written():
    """Every field of the app's forms that takes more than a line of words: a signature and rows of a CSV are read by rules of their own."""
    for name in ["inspections.forms", "inspections.forms_accounting", *MODULES]:
        for form in vars(importlib.import_module(name)).values():
            if isinstance(form, type) and issubclass(form, forms.Form) and form.__module__ == name:
                for key, field in form.base_fields.items():
                    if isinstance(field.widget, forms.Textarea) and key not in {"signature", "rows"}:
                        yield pytest.param(field, id=f"{form.__name__}.{key}")


@pytest.mark.parametrize("field", list(written()))
def test_every_field_for_prose_refuses_what_no_reader_can_see_and_what_is_too_long(field):
    assert isinstance(field, PlainText)
    for text in ("a\u202eb", "a\0b", "a\ud800b", "a\ufffdb", "a" + "\u0301" * 9, TEN_MEGABYTES):
        with pytest.raises(forms.ValidationError) as refused:
            field.clean(text)
        [words] = refused.value.messages
        assert "characters" in words if text is TEN_MEGABYTES else "Remove it" in words
        assert words.encode()
