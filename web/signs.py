"""Which of the six status signs a state is shown with. The word always stands beside it."""

from typing import Final

# ok: a filled disc · on: half a disc · un: hatched · br: a triangle · bad: a cross · na: a dash
SIGNS: Final = frozenset({"ok", "on", "un", "br", "bad", "na"})

_STATES: Final = {
    "ok": "compliant verified met true_ok adopted ratified confirmed done complete completed consistent closed accredited active "
    "filed acknowledged halted declared accepted clarified valid cosigned in_effect signed submitted final consent yes opened rolled_back filed_late",
    "on": "ongoing evaluation_ongoing open contested silence waiting ready activating in_force resuming in_progress noticed extended "
    "scheduled notified preliminary running awaiting commented provisional provisionally_in_effect planned proposed access_granted partly sealed stage live due announced",
    "un": "unknown unable unable_to_conclude stale inconclusive quarantined pending overdue_datum unverified abstain clarification "
    "anomaly continuity_lost expired not_timely",
    "br": "late overdue long_overdue potential_breach potential_breach_under_review discrepancy suspected "
    "non_compliance_suspected delayed access_delayed not_verified true triggered latched warning suspended timed_out",
    "bad": "breach breach_determined refused access_refused rejected failed object no revoked broken non_compliant",
    "na": "not_applicable draft none out_of_scope withdrawn lapsed ended false unmet not_met not_due not_started recused superseded cancelled called_off finished retired merged",
}
_SIGN_OF: Final = {state: sign for sign, states in _STATES.items() for state in states.split()}


def sign_of(state: object) -> str:
    """Return the sign of a state (a sign, an enum of the rules, or its value); a state nobody listed is shown as unknown."""
    name = str(getattr(state, "value", state)).strip().lower().replace(" ", "_").replace("-", "_")
    return name if name in SIGNS else _SIGN_OF.get(name, "un")
