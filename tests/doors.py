"""Doors tried by each role, to read and to write: what is answered, who changed the record, and every word that an answer carries."""

from allauth.mfa.models import Authenticator
from django import forms
from django.test import Client

from ledger.models import Entry
from tests.once import undone


def signed_in(user):
    client = Client()
    if user is not None:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.force_login(user)
    return client


def said(answer):
    """Everything that an answer carries: head and body."""
    body = b"".join(answer) if answer.streaming else answer.content
    return f"{answer.headers} {body.decode(errors='replace')}"


def takes_writes(callback):
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    return hasattr(view, "post") and "post" in [it.lower() for it in view.http_method_names]


def answered(answer):
    """A status; "in" for the way to sign in."""
    to = answer.headers.get("Location", "")
    return "in" if answer.status_code == 302 and "/account/login" in to else str(answer.status_code)


def filled(form):
    """What a person might type into a form: its first choices, a few words, an instant of yesterday."""
    data = {}
    for name, field in form.fields.items():
        choices = [value for value, _label in getattr(field, "choices", []) if value]
        match field:
            case _ if choices:
                data[form.add_prefix(name)] = str(choices[0])
            case forms.DateField():
                data[form.add_prefix(name)] = "2026-11-21"
            case forms.DateTimeField():
                data[form.add_prefix(name)] = "2026-11-21T12:00"
            case forms.IntegerField() | forms.DecimalField():
                data[form.add_prefix(name)] = field.min_value or 1
            case forms.BooleanField():
                data[form.add_prefix(name)] = "on"
            case forms.FileField():
                pass
            case _:
                data[form.add_prefix(name)] = form.initial.get(name) or field.initial or "words"
    return data


def row(answers):
    return " ".join(answered(one) for one in answers.values())


def typed(answers, role):
    """What a person might type into the form that they are shown; where they are shown none, what somebody else would."""
    found = {who: one.context.get("form") for who, one in answers.items() if one.context}
    shown = {who: form for who, form in found.items() if isinstance(form, forms.BaseForm)}
    return filled(shown.get(role) or next(iter(shown.values()))) if shown else {}


def write(client, address, data):
    """The answer, and whether it changed the record; what it changed is undone."""
    sent, entries = {"content_type": "application/json"} if "/api/" in address else {}, Entry.objects.count()
    with undone():
        answer = client.post(address, data, **sent)
        return answer, Entry.objects.count() != entries


def tried(clients, address, callback, readers, sent=None):
    """The door's line of a table, the answers by role, and the roles that changed the record; `readers` try what is only read.

    `sent` is what everybody sends where the form does not say that.
    """
    writes = takes_writes(callback)
    entries = Entry.objects.count()
    answers = {role: clients[role].get(address) for role in (clients if writes else readers)}
    assert Entry.objects.count() == entries, address  # nothing is changed by reading
    if not writes:
        return row(answers), answers, set()
    written = {role: write(client, address, sent or typed(answers, role)) for role, client in clients.items()}
    line = f"{row(answers)} | {row({role: answer for role, (answer, _changed) in written.items()})}"
    answers |= {f"{role} writes": answer for role, (answer, _changed) in written.items()}
    return line, answers, {role for role, (_answer, is_changed) in written.items() if is_changed}


def leaked(answers, words):
    """Each role, and each word that it was answered with and that is not for it; `words` says for whom they are."""
    texts = {role: said(answer).lower() for role, answer in answers.items()}
    return [
        (role, word)
        for role, text in texts.items()
        for word, theirs in words.items()
        if role.split()[0] not in theirs and word in text
    ]


def opened(line, roles):
    """The roles for which a line of the table says that the door opens to writing."""
    answers = line.partition(" | ")[2].split()
    return {role for role, answer in zip(roles, answers, strict=bool(answers)) if answer in {"200", "201", "302"}}
