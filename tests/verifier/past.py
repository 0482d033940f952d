"""What the site shows of a past instant, and what the replay of the record knew then: the two are compared."""

from core.times import instant
from treaty.models import LevelChange, Pause
from treaty.queries.parties import party_rows
from treaty.queries.past import as_known, rows_known_at
from treaty.queries.pauses import state
from treaty.queries.standdowns import board
from treaty.queries.texts import text_at
from verifier.replay import Replay
from verifier.replay.parties import Parties
from verifier.replay.pauses import Pauses

ABOUT = {"pause", "standdown", "resumption", "withdrawal"}


def moments(entries):
    """The last entries of their instants that are about a pause or a stand-down, and some others: each with its instant."""
    later = [entry["at"] for entry in entries[1:]] + [""]
    for index, (entry, following) in enumerate(zip(entries, later, strict=True)):
        if entry["at"] != following and (entry["kind"].split(".")[0] in ABOUT or index % 100 == 0):
            yield index, instant(entry["at"])


def of_site(at):
    """Statuses of the laboratories, and of each pause its state and what each stand-down had done."""
    moved = set(LevelChange.objects.filter(from_at__gt=at).values_list("pause__key", flat=True))
    pauses = Pause.objects.started_by(at).exclude(key__in=moved).select_related("vote", "text")
    rows = party_rows(at) if text_at(at) else ()
    return {row.member.key: row.status for row in rows if row.party and row.status != "not_signed"}, {
        pause.key: (
            state(pause, at),
            {row.organisation.key: row.stages for row in board(pause, at).rows if row.stand_down},
        )
        for pause in (as_known(one, at) for one in pauses.prefetch_related(*rows_known_at(at)))
    }


def of_replay(replay: Replay, at):
    """The same, from the entries so far."""
    parties, pauses = replay.of(Parties), replay.of(Pauses).known
    statuses = {lab: parties.status(lab, at) for lab in parties.instruments}
    return {lab: status for lab, status in statuses.items() if status != "not_signed"}, {
        key: (pause.state(at), {lab: pause.stages(lab, at) for lab in pause.stand_downs})
        for key, pause in pauses.items()
    }
