"""What the answers about balances, evidence, grades and draws hold."""

from typing import Final

from inspections.rules.evidence import EvidenceState
from inspections.rules.needs import Need
from inspections.rules.reports import Conclusion
from inspections.rules.seeds import Stage
from inspections.rules.specials import Standing
from inspections.rules.visits import VisitKind, VisitState
from web.api.shapes import by_key, free, instant, many, maybe, number, text, thing, truth, whole

LAB: Final = text("the laboratory's key")
SITE: Final = text("the site's key")
PARTY_BALANCE: Final = thing(
    "What a laboratory's sites come to together.",
    lab=LAB,
    standing=text("ok, unknown, or the gravest open alarm"),
    unaccounted=maybe(whole("what is unaccounted for, in H100-hours")),
    margin=maybe(whole("beyond which it would be more than chance, in H100-hours")),
    sites=many(SITE, "its sites in use"),
    sites_with_an_account=whole("how many of them were observed and declared"),
)
PERIOD: Final = thing("A balance period.", from_at=instant("from"), until_at=instant("until, not included"))
FIGURES: Final = many(number("of a period"), "one for each period")
ACCOUNT: Final = thing(
    "An account: what `fermata balance --periods` reads, and what it comes to.",
    periods=many(PERIOD, "in order"),
    input=FIGURES,
    output=FIGURES,
    inventory=FIGURES,
    err=by_key(free("random and systematic relative errors"), "of each measurement"),
    muf=FIGURES,
    sigma_muf=FIGURES,
    cumuf=FIGURES,
    sigma_cumuf=FIGURES,
    sitmuf=FIGURES,
    page=FIGURES,
    sitmuf_limit=number("above which the test alarms"),
    page_limit=number("above which Page's test alarms"),
)
ALARM: Final = thing(
    "An alarm.",
    measurement=text("of which account"),
    from_at=instant("from"),
    until_at=instant("until, not included"),
    tests=many(text("sitmuf or page"), "which tests alarmed"),
    sitmuf=text("the statistic, exact"),
    page=text("the statistic, exact"),
    state=text("what has become of it"),
    noted_at=instant("when it was put on record"),
)
SITE_BALANCE: Final = thing(
    "The accounts of a site.",
    lab=LAB,
    facility=SITE,
    unit=text("H100-hours"),
    next_period_from=instant("the period that is declared next"),
    next_declaration_due=instant("by when"),
    accounts=by_key(ACCOUNT, "by measurement"),
    alarms=many(ALARM, "noted so far"),
)
CELL: Final = thing(
    "A layer of evidence at a site.",
    lab=LAB,
    facility=SITE,
    layer=text("the layer's key in the text"),
    state=text("what is known", *(one.value for one in EvidenceState)),
    collected_at=maybe(instant("when the evidence was collected")),
    expires_at=maybe(instant("until when it counts")),
    report=maybe(text("the report that it stands in, as visit/version")),
    needs=text("what would renew it", *(one.value for one in Need)),
    needed_by=maybe(instant("by when it is needed")),
    overdue=truth("whether that is overdue"),
)
LAB_GRADE: Final = thing(
    "What a laboratory was put to; spans in seconds.",
    lab=LAB,
    visits=whole("visits so far"),
    in_year=whole("of the kinds that have a quota, in the fullest twelve months"),
    allowed=whole("that quota"),
    notice=maybe(whole("mean notice")),
    access=maybe(whole("mean wait for access")),
    delay=whole("all delays together"),
    delays=whole("how many"),
    refusals=whole("how many times access was refused"),
    overdue=whole("what is overdue"),
    burden=maybe(whole("thousandths of inspector-hours for each thousand H100-equivalents")),
)
BODY_GRADE: Final = thing(
    "What a body did.",
    body=text("the body's key"),
    visits=whole("visits that it sent somebody to"),
    planned=whole("that were to be over by then"),
    done=whole("of these, reported"),
    due=whole("reports due by then"),
    in_time=whole("of these, in time"),
    corrections=whole("later versions that correct"),
)
GRADES: Final = thing(
    "A table as of an instant.",
    as_of=instant("as of when"),
    labs=many(LAB_GRADE, "every bound laboratory"),
    bodies=many(BODY_GRADE, "every body"),
    spread=by_key(maybe(whole("the largest less the smallest")), "between laboratories"),
    sites=whole("sites in use"),
    sites_seen=whole("reported on in the twelve months before"),
)
ALL_GRADES: Final = thing(
    "Grades now, and as they were published.",
    now={"anyOf": [GRADES, {"type": "null"}], "description": "null while there is no text"},
    published=many(GRADES, "the newest 24 tables"),
)
TRANSCRIPT: Final = thing(
    "All that is public of a draw; what it was drawn from follows with the result.",
    key=text("such as 2026-01"),
    stage=text("computed for this instant", *(one.value for one in Stage)),
    opened_at=instant("when it was opened"),
    commit_by=instant("until when values may be committed to"),
    sealed_at=maybe(instant("when the values were sealed")),
    reveal_by=maybe(instant("until when they may be revealed")),
    drawn_at=maybe(instant("when it was carried out")),
    drawn=many(SITE, "the sites drawn, in order"),
    url=text("where it is"),
    draw=text("its key again, as the file has it"),
    algorithm=text("SHA-256 of the algorithm's description"),
    listed_at=instant("as of when sites are listed"),
    listed=many(thing("", key=SITE, group=LAB, weight=text("an exact integer")), "with their weights"),
    places=whole("how many are drawn"),
    per_party=whole("how many of one laboratory at most"),
    list_hash=text("SHA-256 of the list"),
    commitment=text("to the site's own value"),
    values=many(free("an organisation, its commitment, and its value once revealed"), "of parties"),
)
FILED_ROWS: Final = thing(
    "What became of a file of observations.",
    filed=truth("whether it was filed, all of it"),
    rows=many(
        thing(
            "A row; what could not be read of it is null.",
            line=whole("its line in the file"),
            facility=maybe(SITE),
            from_at=maybe(instant("of the period")),
            until_at=maybe(instant("not included")),
            measurement=maybe(text("what was measured")),
            hours=maybe(whole("H100-hours")),
            state=text("new, corrected, unchanged or refused"),
            why=text("why it is refused; empty where it is not"),
        ),
        "every row",
    ),
)
VISIT: Final = thing(
    "A visit of which notice was given.",
    key=text("such as 2026-0001"),
    lab=LAB,
    facility=SITE,
    kind=text("why inspectors come", *(one.value for one in VisitKind)),
    state=text("where it is", *(one.value for one in VisitState if one is not VisitState.PLANNED)),
    bodies=many(text("a body's key"), "who sends inspectors"),
    pause=maybe(text("the pause under which it verifies")),
    challenge=maybe(text("the challenge that it follows")),
    special=maybe(text("the special visit that it is")),
    draw=maybe(text("the draw that its place and day come from")),
    drawn_place=maybe(whole("which place of the draw")),
    passed=many(
        thing("", day=instant("the day"), provision=text("what stood in its way")),
        "days that were drawn before its own",
    ),
    planned_from=instant("when it begins, as announced"),
    planned_until=instant("when it ends, as announced"),
    due_at=maybe(instant("when it has to have taken place; null where nothing says so")),
    notified_at=instant("when notice was given"),
    access_at=maybe(instant("when access was granted")),
    began_at=maybe(instant("when it began")),
    ended_at=maybe(instant("when it was over for good")),
    stages=many(
        thing(
            "A stage with its deadline.",
            stage=text("notice, acknowledge, access, report, comment or final"),
            due_at=instant("by when it is due"),
            done_at=maybe(instant("when it was done")),
            late_seconds=whole("how late it was, or is by now"),
        ),
        "in order; comments are a stage once a report is in",
    ),
    reports=many(
        thing(
            "A report.",
            version=whole("its version: a later one amends those before"),
            received_at=instant("when it was received"),
            conclusion=text("what it concludes", *(one.value for one in Conclusion)),
        ),
        "those submitted so far",
    ),
    commitment=text("what the plan was committed to with; the record holds the salt since the notice"),
    text=text("SHA-256 of the treaty text that governs it"),
    page=text("the address of its page"),
)
SPECIAL: Final = thing(
    "A special visit that a body asked for.",
    key=text("such as 2026-01"),
    lab=LAB,
    facility=SITE,
    body=text("the key of the body that asked for it"),
    reason=text("why"),
    standing=text("where it is", *(one.value for one in Standing)),
    requested_at=instant("when it was asked for"),
    answer_by=instant("until when the laboratory answers"),
    agrees=maybe(truth("whether it agreed; null while it has not answered")),
    answer=maybe(text("what it said")),
    answered_at=maybe(instant("when it answered")),
    visit=maybe(text("its visit, once notice of that was given")),
    is_sealed=truth("whether its visit is planned and notice not yet given"),
    case=maybe(text("the case that followed")),
    page=text("the address of its page"),
)
