"""The figures of the treaty: parties, pauses, triggers, indicators, drills, votes."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labs.views.figures import JURISDICTION, LAB, NAME
from treaty.models import Drill, Pause, Vote
from treaty.queries.drills import summary as drill_summary
from treaty.queries.indicators import all_versions, detail, in_rows, trigger_chart, trigger_charts
from treaty.queries.parties import party_table
from treaty.queries.past import known_pauses, require_rows
from treaty.queries.standdowns import board
from treaty.queries.texts import rules_at, text_at
from treaty.queries.triggers import TriggerStanding, standing
from treaty.queries.votes import summary, with_rows
from treaty.rules.drills import DrillStage
from treaty.rules.standdowns import StageKey
from treaty.views.boards import board_data
from web.charts import Chart, as_decimal
from web.figures import Column, Figure, Rows, Type, Words

RECORD: Final = _("The record, by the rules of the text in force.")
STAGES: Final = tuple(
    column
    for stage in StageKey
    for column in (
        Column(f"{stage.value}_due_at", _("By when this stage is due; empty where the level has none."), Type.INSTANT),
        Column(f"{stage.value}_at", _("When this stage was done; empty while it is not."), Type.INSTANT),
        Column(f"{stage.value}_late_seconds", _("How late this stage is, or was done."), Type.WHOLE, "s"),
    )
)


def annex(at: datetime, _subject: str) -> Rows:
    """Return the laboratories of Annex 1; without a text there are none."""
    return party_table(at) if text_at(at) else []


def pause_board(at: datetime, key: str) -> Rows:
    """Return every laboratory of the pause's roll."""
    require_rows(at)
    pause = next(iter(known_pauses(at, key=key)), None)
    if pause is None:
        raise Http404
    return [tuple(row.values()) for row in board_data(board(pause, at))]


def triggers(at: datetime, _subject: str) -> Rows:
    """Return every trigger of the text in force as it stands."""
    return [
        (
            row.key,
            row.title,
            row.level,
            row.truth.value,
            None if row.share is None else Decimal(round(row.share * 1000)).scaleb(-3),
            row.firing is not None,
            row.firing.vote.key if row.firing else None,
            row.holds_until,
            len(row.owed),
            row.words,
        )
        for row in standing(at)
    ]


def _trigger(at: datetime, key: str) -> TriggerStanding:
    """Return the trigger; 404 where the text in force has none of this key."""
    found = next((row for row in standing(at) if row.key == key), None)
    if found is None:
        raise Http404
    return found


def trigger_course(at: datetime, key: str) -> Chart | None:
    """Return what the trigger compares over time; None where no line can show it."""
    return trigger_chart(_trigger(at, key), at)


def course_rows(at: datetime, key: str) -> Rows:
    """Return the points of that line."""
    chart = trigger_course(at, key)
    points = chart.points if chart else ()
    return [(point.at, None if point.value is None else as_decimal(point.value)) for point in points]


def readings(at: datetime, key: str) -> Rows:
    """Return every version of every reading of an indicator of the text in force."""
    if text_at(at) is None or key not in rules_at(at).indicators:
        raise Http404
    return in_rows(all_versions(key, at))


def indicator_chart(at: datetime, key: str) -> Chart | None:
    """Return the chart of its standing readings."""
    found = detail(key, at)
    return found.chart if found else None


def indicator_title(at: datetime, key: str) -> Words:
    """Return the indicator's title in the text; 404 where it has none of this key."""
    if text_at(at) is None or key not in rules_at(at).indicators:
        raise Http404
    return rules_at(at).indicators[key].title


def trigger_title(at: datetime, key: str) -> Words:
    """Return the trigger's title in the text."""
    return _trigger(at, key).title


def pause_title(_at: datetime, key: str) -> Words:
    """Return the pause's name."""
    return gettext("Standing of each party under pause %(key)s") % {"key": key}


def drill_title(_at: datetime, key: str) -> Words:
    """Return the drill's name."""
    return gettext("Drill %(key)s: how long each laboratory took") % {"key": key}


def drill_board(at: datetime, key: str) -> Rows:
    """Return every laboratory of the drill, and how long it took for each stage."""
    drill = get_object_or_404(Drill.objects.filter(announced_at__lte=at).with_rows(), key=key)
    for row in drill_summary(drill, at).rows:
        took = {one.stage: one.took for one in row.stages}
        yield (
            row.organisation.key,
            row.organisation.name,
            *(took.get(stage) for stage in DrillStage),
            row.late,
            row.verified.body.key if row.verified else None,
        )


def votes(at: datetime, _subject: str) -> Iterator[tuple[str | int | datetime | None, ...]]:
    """Yield every vote, the newest first."""
    for vote in with_rows(Vote.objects.filter(noticed_at__lte=at)):
        one = summary(vote, at)
        yield (vote.key, vote.decision, one.course.state.value, vote.noticed_at, vote.opens_at, one.course.closes_at)


def _of_text(part: str, at: datetime) -> list[str]:
    return list(getattr(rules_at(at), part)) if text_at(at) else []


FIGURES: Final = (
    Figure(
        key="annex",
        has_past=True,
        title=_("Laboratories of Annex 1"),
        description=_("Who has signed, who has ratified, whom the treaty binds since when, and who withdraws."),
        source=RECORD,
        columns=(
            LAB,
            NAME,
            JURISDICTION,
            Column("status", _("not_signed, signatory, ratified, party, suspended, merged, withdrawing or withdrawn.")),
            Column("signed_at", _("When it signed."), Type.INSTANT),
            Column("ratified_at", _("When its ratification arrived."), Type.INSTANT),
            Column("bound_at", _("From when the treaty binds it."), Type.INSTANT),
            Column("withdrawal_effective_at", _("From when a notice of withdrawal takes effect."), Type.INSTANT),
        ),
        rows=annex,
        page=lambda _subject: reverse("treaty:parties"),
    ),
    Figure(
        key="pause",
        has_past=True,
        title=_("Standing of each party under a pause"),
        description=_("Every laboratory of the pause's roll: its standing and what that rests on, and each stage with its deadline."),
        source=RECORD,
        columns=(
            LAB,
            NAME,
            JURISDICTION,
            Column("bound", _("Whether the pause binds it."), Type.TRUTH),
            Column("standing", _("compliant, ongoing, unable, potential_breach, breach or not_applicable.")),
            Column("basis", _("What the standing rests on.")),
            Column("reference", _("The stage, visit or case that it rests on.")),
            Column("since", _("Since when it has this standing."), Type.INSTANT),
            Column("site_mode", _("How its sites are verified: inference_only or powered_off.")),
            Column("runs", _("Training runs in scope."), Type.WHOLE),
            Column("runs_halted", _("Training runs of these that are halted."), Type.WHOLE),
            Column("delay_seconds", _("All delays added up."), Type.WHOLE, "s"),
            Column("open_cases", _("Keys of its open cases, with spaces between.")),
            *STAGES,
        ),
        rows=pause_board,
        page=lambda key: reverse("treaty:pause", args=[key]),
        titled=pause_title,
        subjects=lambda at: Pause.objects.started_by(at).values_list("key", flat=True),
    ),
    Figure(
        key="triggers",
        has_past=True,
        title=_("Triggers as they stand"),
        description=_("Each condition of the text under which a vote on a pause opens, and whether it is true, false or unknown."),
        source=RECORD,
        columns=(
            Column("trigger", _("Key of the trigger in the text.")),
            Column("title", _("Its title in the text.")),
            Column("level", _("The level of pause that it asks for.")),
            Column("truth", _("true, false or unknown.")),
            Column("share", _("The value as a share of the threshold, for a trigger of one rising comparison."), Type.NUMBER),
            Column("latched", _("Whether it fired and its vote is not settled."), Type.TRUTH),
            Column("vote", _("The vote that it opened.")),
            Column("holds_until", _("Before this instant nothing changes without new data."), Type.INSTANT),
            Column("owed", _("How many data are missing."), Type.WHOLE),
            Column("words", _("The finding in words.")),
        ),
        rows=triggers,
        page=lambda _subject: reverse("treaty:triggers"),
    ),
    Figure(
        key="trigger",
        has_past=True,
        title=_("What a trigger compares, over time"),
        description=_("The value that the trigger compares with its threshold, at every instant at which it changed. An empty value is a gap in the data."),
        source=RECORD,
        columns=(
            Column("at", _("From when the value held."), Type.INSTANT),
            Column("value", _("The value, in the unit of the indicator; empty where it is unknown."), Type.NUMBER),
        ),
        rows=course_rows,
        page=lambda key: reverse("treaty:trigger", args=[key]),
        chart=trigger_course,
        titled=trigger_title,
        subjects=lambda at: [row.key for row, _chart in trigger_charts(standing(at), at)],
    ),
    Figure(
        key="indicator",
        has_past=True,
        title=_("Readings of an indicator"),
        description=_("Every version of every reading: nothing is overwritten. The chart shows the standing ones; a gap stands where none was valid any more."),
        source=_("Whoever each reading names: a laboratory, a third party or a monitoring body; each is an entry of the record."),
        columns=(
            Column("indicator", _("Key of the indicator in the text.")),
            Column("lab", _("Key of the laboratory that it is about; empty for the world.")),
            Column("value", _("The value."), Type.NUMBER, _("as the column unit says")),
            Column("low", _("The lower edge of what is not certain."), Type.NUMBER, _("as the column unit says")),
            Column("high", _("The upper edge of what is not certain."), Type.NUMBER, _("as the column unit says")),
            Column("unit", _("The unit of the three.")),
            Column("observed_at", _("When it was so."), Type.INSTANT),
            Column("source", _("declared, observed or verified.")),
            Column("provider", _("Who vouches for it.")),
            Column("series", _("The name of the datum, by which a correction finds it.")),
            Column("evidence_url", _("Address of the evidence."), Type.ADDRESS),
            Column("received_at", _("When it arrived here."), Type.INSTANT),
            Column("version", _("1 for the first, one more for each correction."), Type.WHOLE),
            Column("quarantined_for", _("Why it counts as no reading; empty where it counts.")),
        ),
        rows=readings,
        page=lambda key: reverse("treaty:indicator", args=[key]),
        chart=indicator_chart,
        titled=indicator_title,
        subjects=lambda at: _of_text("indicators", at),
    ),
    Figure(
        key="drill",
        title=_("How long each laboratory took in a drill"),
        description=_("Every laboratory of a drill and how long after its start it had done each stage. A drill is no pause."),
        source=RECORD,
        columns=(
            LAB,
            NAME,
            *(
                Column(f"{stage.value}_s", _("Time from the start of the drill to this stage; empty while it is not done."), Type.WHOLE, "s")
                for stage in DrillStage
            ),
            Column("late", _("How many stages are late or were done late."), Type.WHOLE),
            Column("verified_by", _("Key of the body that first confirmed what it showed.")),
        ),
        rows=drill_board,
        page=lambda key: reverse("treaty:drill", args=[key]),
        titled=drill_title,
        subjects=lambda at: Drill.objects.filter(announced_at__lte=at).values_list("key", flat=True),
    ),
    Figure(
        key="votes",
        title=_("Votes"),
        description=_("Every vote, the newest first, and what it is now. The roll call of each is on its page and in the API."),
        source=RECORD,
        columns=(
            Column("vote", _("Key of the vote.")),
            Column("decision", _("The decision of the text that it takes.")),
            Column("state", _("The state of the vote.")),
            Column("noticed_at", _("When notice of it was given."), Type.INSTANT),
            Column("opens_at", _("When it opens."), Type.INSTANT),
            Column("closes_at", _("When it closes, as things stand."), Type.INSTANT),
        ),
        rows=votes,
        page=lambda _subject: reverse("treaty:votes"),
    ),
)  # fmt: skip
