"""The drill of the story: ordered by a vote half a year before the pause, gone through by all, seen by bodies."""

from datetime import datetime
from functools import partial

from config.demonstration import keys
from config.demonstration.story import Story
from treaty.actions.drills import conclude_exercise, pass_stage
from treaty.actions.votes import notice_vote
from treaty.models import Drill, Vote
from treaty.queries.drills import exercised
from treaty.rules.profiles import Choice
from treaty.rules.standdowns import Conclusion

ASKED, STARTS = (
    222.0,
    206.0,
)  # days before the present: the vote is open for two days, and the text announces a fortnight ahead
IN_FAVOUR = ("elbe", "borealis", "ganges", "aster", "hanbit")
# Hours after the beginning at which a laboratory was through each stage of the level: acknowledged, halted, declared, stood up.
TIMES: dict[str, tuple[float, float, float, float]] = {
    "aster": (1.1, 8, 19, 44),
    "borealis": (0.6, 5, 11, 40),
    "cobalt": (2.4, 27, 46, 71),
    "daxing": (5.2, 21, 43, 66),
    "elbe": (0.9, 10, 24, 52),
    "fjord": (13.5, 40, 81, 101),
    "ganges": (1.3, 15, 29, 57),
    "hanbit": (0.8, 7, 16, 41),
}
# By whom, and how many hours after the beginning.
CONCLUDED: dict[str, tuple[str, Conclusion, float]] = {
    "aster": ("nordic", Conclusion.CONSISTENT, 31),
    "borealis": ("ivb", Conclusion.CONSISTENT, 25),
    "cobalt": ("pacific", Conclusion.DISCREPANCY, 68),
    "daxing": ("ivb", Conclusion.CONSISTENT, 60),
    "elbe": ("pacific", Conclusion.INCONCLUSIVE, 49),
    "ganges": ("nordic", Conclusion.CONSISTENT, 50),
    "hanbit": ("ivb", Conclusion.CONSISTENT, 36),
}


def tell(story: Story) -> None:
    """Let the parties order a drill and go through it, and bodies conclude about all but one laboratory."""
    story.before(partial(_ask, story), days=ASKED)
    for number, key in enumerate(IN_FAVOUR):
        story.before(partial(_consent, story, key), days=ASKED - 0.2 * (number + 1))
    for key, hours in TIMES.items():
        for position, after in enumerate(hours):
            story.before(partial(_pass, story, key, position), days=STARTS, hours=-after - 0.1)
    for key, (body, conclusion, after) in CONCLUDED.items():
        story.before(partial(_conclude, story, key, body, conclusion), days=STARTS, hours=-after - 0.1)


def _ask(story: Story, at: datetime) -> None:
    lab, by = story.lab("elbe")
    notice_vote(
        decision="order_drill",
        title="Exercise a pause",
        question="Shall the parties go through a pause as a drill, a fortnight after this decision takes effect?",
        subject={"effect": "order_drill", "level": "pause"},
        requester=lab,
        subject_organisation=None,
        by=by,
        at=at,
    )


def _consent(story: Story, key: str, at: datetime) -> None:
    lab, by = story.lab(key)
    vote = Vote.objects.get(decision="order_drill")
    keys.cast(vote=vote, organisation=lab, choice=Choice.CONSENT, reason="", by=by, at=at)


def _pass(story: Story, key: str, position: int, at: datetime) -> None:
    lab, by = story.lab(key)
    drill = Drill.objects.with_rows().get()
    stage = list(exercised(drill))[position]
    pass_stage(drill=drill, lab=lab, stage=stage, by=by, at=at)


def _conclude(story: Story, key: str, body: str, conclusion: Conclusion, at: datetime) -> None:
    judge, officer = story.body(body)
    drill = Drill.objects.get()
    conclude_exercise(drill=drill, lab=story.cast.labs[key], body=judge, conclusion=conclusion, by=officer, at=at)
