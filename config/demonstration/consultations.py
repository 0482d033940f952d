"""The consultation of the story: an observer is accredited, an amendment proposed, and people write about it."""

from datetime import datetime
from functools import partial

from config.demonstration import keys
from config.demonstration.chapters import MODEL
from config.demonstration.story import Story
from treaty.actions.amendments import propose_amendment
from treaty.actions.consultations import (
    answer_submission,
    confirm_submission,
    hide_submission,
    submit,
    token_of,
)
from treaty.actions.requests import request_vote
from treaty.models import Amendment, Submission, UnconfirmedSubmission, Vote
from treaty.rules.profiles import Choice
from treaty.rules.requests import Requestable

ASKED, PROPOSED = 193.0, 11.0  # days before the present
IN_FAVOUR = ("borealis", "elbe", "ganges", "hanbit", "fjord", "ivb", "nordic")
CHANGES = ((b"\nversion: 1\n", b"\nversion: 2\n"), (b"answer_within: 5 d", b"answer_within: 7 d"))
QUESTION = "Shall a laboratory have seven days, and not five, to answer a request for clarification? Five leave no time to ask a site in another country."
# By whom (an organisation, or the name that one of the public gave), days before the present, what.
WRITTEN = (
    ("openwatch", 9.2, "Every day of an open question is a day in which nobody knows. If seven days, then with a word after three on what has been done so far."),
    ("Marta Nowak", 8.1, "Pourquoi pas cinq jours pour une question simple, et sept si le site est à l’étranger ?"),
    ("pacific", 6.4, "In our four clarifications so far the answers came within four days. The longer term would have changed nothing."),
    ("", 5.5, "Buy H100 nodes, nearly new, best prices."),
    ("borealis", 2.6, "We support it. Two of our sites can be reached by road for half of the week only."),
    ("", 0.9, "Who decides whether an answer is complete? The amendment should say so."),
)  # fmt: skip
ANSWERED = (
    (
        1,
        7.7,
        "A word after three days is a good thought, and costs nothing. We shall propose it with the next revision.",
    ),
    (3, 4.0, "The four concerned sites in one country. We propose this for those that do not."),
)
HIDDEN = (4, 5.3, "foreign")


def tell(story: Story) -> None:
    """Let the parties accredit an observer, Aster propose an amendment, and people write; two are answered, one is hidden."""
    story.before(partial(_ask_to_accredit, story), days=ASKED)
    for number, key in enumerate(IN_FAVOUR):
        story.before(partial(_consent, story, key), days=ASKED - 3 - 0.3 * number)
    story.before(partial(_propose, story), days=PROPOSED)
    for author, days, words in WRITTEN:
        story.before(partial(_write, story, author, words), days=days)
    for number, days, words in ANSWERED:
        story.before(partial(_answer, story, number, words), days=days)
    number, days, ground = HIDDEN
    story.before(partial(_hide, story, number, ground), days=days)


def _ask_to_accredit(story: Story, at: datetime) -> None:
    lab, by = story.lab("elbe")
    request_vote(
        decision=Requestable.ACCREDIT,
        title="Accredit Open Compute Watch as an observer",
        question="Shall Open Compute Watch be accredited as an observer?",
        subject={"organisation": "openwatch"},
        requester=lab,
        by=by,
        at=at,
    )


def _consent(story: Story, key: str, at: datetime) -> None:
    organisation, by = (story.cast.labs | story.cast.bodies)[key], story.cast.representative(key)
    vote = Vote.objects.get(decision=Requestable.ACCREDIT)
    keys.cast(vote=vote, organisation=organisation, choice=Choice.CONSENT, reason="", by=by, at=at)


def _propose(story: Story, at: datetime) -> None:
    lab, by = story.lab("aster")
    source = MODEL.read_bytes()
    for old, new in CHANGES:
        source = source.replace(old, new)
    propose_amendment(source=source, title="Seven days to answer", question=QUESTION, requester=lab, by=by, at=at)


def _write(story: Story, author: str, words: str, at: datetime) -> None:
    """Let an organisation write, or one of the public, who confirms at once and is mailed nothing."""
    amendment = Amendment.objects.get()
    if people := story.cast.people.get(author):
        organisation = people[0].memberships.get().organisation
        submit(amendment=amendment, organisation=organisation, words=words, by=people[0], at=at)
        return
    letter = UnconfirmedSubmission.objects.create(
        amendment=amendment, name=author, email="reader@people.example", words=words, asked_at=at
    )
    confirm_submission(token=token_of(letter), at=at)


def _answer(story: Story, number: int, words: str, at: datetime) -> None:
    answer_submission(
        submission=Submission.objects.get(number=number), words=words, by=story.cast.representative("aster"), at=at
    )


def _hide(story: Story, number: int, ground: str, at: datetime) -> None:
    by = story.cast.representative("secretariat")
    hide_submission(submission=Submission.objects.get(number=number), ground=ground, by=by, at=at)
