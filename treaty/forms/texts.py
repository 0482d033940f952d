"""The form by which a treaty text is published."""

from django import forms
from django.utils.translation import gettext_lazy as _

from treaty.rules.reading import LARGEST


class TextForm(forms.Form):
    """The file, byte for byte."""

    file = forms.FileField(
        label=_("The text, as a YAML file"),
        help_text=_("Its bytes are hashed and signed as they stand: 1 MB at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,application/yaml"}),
    )

    def clean_file(self) -> bytes:
        """Return the bytes; refuse what is too large before reading it."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(
                _("The file has %(size)s bytes; %(most)s are allowed."), params={"size": file.size, "most": LARGEST}
            )
        return bytes(file.read())
