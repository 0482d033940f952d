"""A small site made by its own actions, on which decisions are asked for, taken and applied; and the replay of its record."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from accounts.actions.organisations import found_organisation
from accounts.rules.organisations import Kind, Role
from config.demonstration.cast import FOUNDED, Cast, assemble, person
from ledger.models import Entry
from tests.verifier import logs
from tests.verifier.records import NOW, TEXT, Record
from treaty.actions.advance import advance_pause
from treaty.actions.ballots import cast_ballot
from treaty.actions.effects import apply
from treaty.actions.parties import accept_mandate, enter_into_force, ratify, sign
from treaty.actions.pauses import confirm_commitment
from treaty.actions.requests import request_vote
from treaty.actions.texts import publish_text
from treaty.actions.votes import advance_vote, notice_vote
from treaty.models import Pause, TreatyText, Vote
from treaty.rules.profiles import Choice
from treaty.rules.requests import Requestable

HOUR = timedelta(hours=1)


@dataclass
class Site:
    """The treaty in force for eight laboratories and three bodies, at an instant that decisions move on."""

    cast: Cast
    now: datetime = NOW

    def organisation(self, key):
        return (self.cast.labs | self.cast.bodies)[key]

    def person(self, key):
        return self.cast.representative(key)

    def newcomer(self, key, kind):
        """An organisation that no annex names, with somebody who binds it."""
        made = found_organisation(
            key=key, name=key.title(), kind=kind, jurisdiction="CH", by=self.person("secretariat"), at=self.now
        )
        role = {Kind.LABORATORY: Role.REPRESENTATIVE, Kind.BODY: Role.OFFICER}.get(kind)
        if role:
            self.cast.people[key] = [person("New Comer", made, role, self.now)]
        return made

    def ask(self, decision, *, by="aster", **subject) -> Vote:
        return request_vote(
            decision=Requestable(decision),
            title="A decision",
            question="Shall it be so?",
            subject=subject,
            requester=self.organisation(by),
            by=self.person(by),
            at=self.now,
        )

    def decide(self, vote: Vote, choice="consent") -> Vote:
        """Let everybody entitled vote one way; time runs until the vote has its effect."""
        self.now = vote.opens_at
        keys = vote.roll.filter(recused=False).values_list("organisation__key", flat=True)
        for key in sorted(set(keys)):
            self.now += HOUR / 60
            cast_ballot(
                vote=vote, organisation=self.organisation(key), choice=Choice(choice),
                reason="No." if choice == "object" else "", by=self.person(key), at=self.now,
            )  # fmt: skip
        self.now = max(vote.closes_at, self.now)
        vote = advance_vote(vote=vote, at=self.now)
        if vote.effective_at:
            self.now = max(vote.effective_at, self.now)
            vote = apply(vote, at=self.now)
        return vote

    def pause(self, level="pause") -> Pause:
        """A pause in force, by silence and everybody's pledge."""
        vote = notice_vote(
            decision="start_pause_ordinary", title="A pause", question="Shall it be so?", subject={"level": level},
            requester=self.organisation("aster"), subject_organisation=None, by=self.person("aster"), at=self.now,
        )  # fmt: skip
        self.now = vote.closes_at
        apply(advance_vote(vote=vote, at=self.now), at=self.now)
        pause = Pause.objects.get(vote=vote)
        for key, lab in self.cast.labs.items():
            self.now += HOUR / 60
            confirm_commitment(
                pause=pause, organisation=lab, condition={"kind": "unconditional"}, by=self.person(key), at=self.now
            )
        return advance_pause(pause=pause, at=self.now)

    def record(self) -> Record:
        entries = Entry.objects.order_by("pk").values_list("data", flat=True)
        made = Record.of([logs.opening(logs.key(name=settings.LEDGER["ORIGIN"])), *map(bytes, entries)])
        made.entries[0]["at"] = made.entries[1]["at"]
        return made


def site_in_force(source: bytes = TEXT) -> Site:
    """Found, publish, sign, ratify, accept, and let the delay run."""
    site = Site(assemble(NOW))
    at = NOW - FOUNDED + 24 * HOUR
    text = publish_text(source=source, by=site.person("secretariat"), at=at)
    for key, lab in site.cast.labs.items():
        party = sign(organisation=lab, sha256=text.sha256, by=site.person(key), at=at)
        ratify(party=party, by=site.person(key), at=at)
    for key, body in site.cast.bodies.items():
        accept_mandate(organisation=body, sha256=text.sha256, by=site.person(key), at=at)
    enter_into_force(text=TreatyText.objects.get(), at=NOW)
    return site
