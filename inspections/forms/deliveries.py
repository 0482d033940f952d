"""What a device says of what it sends."""

from typing import Final

from django import forms

UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class DeliveryForm(forms.Form):
    """The key that makes a resend of what a device saved the same, and which device it was."""

    key = forms.RegexField(f"^{UUID}$")
    device = forms.RegexField(f"^{UUID}$")
