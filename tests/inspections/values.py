"""Provisions for the tests of this app's rules: the model treaty's numbers, without the rest of the text."""

from treaty.rules.text import Monitoring

LAYERS = {
    "chips": "Chips and inventory",
    "networking": "Networking",
    "power": "Power and cooling",
    "logs": "Schedulers and logs",
    "weights": "Storage of weights",
}


def monitoring(**changes):
    values = {
        "notice": {"routine": "48 h", "short": "24 h", "on_site": "2 h"},
        "challenge": {
            "decision": "challenge",
            "stop_within": "12 h",
            "arrival_after_notice": "12 h",
            "on_site_within": "36 h",
            "longest": "84 h",
        },
        "visits_per_site_per_year": 2,
        "visits_per_party_per_year": 20,
        "inspectors_per_visit": 2,
        "from_different_bodies": True,
        "smallest_pool": 6,
        "refusal_effective_after": "30 d",
        "designation_validity": "1 y",
        "comments_within": "10 d",
        "final_report_within": "30 d",
        "evidence_validity": dict.fromkeys(LAYERS, "90 d"),
        "layers": LAYERS,
        "detection_probability": "9/10",
        "false_alarm": "1/20",
        "significant_flop": "1e24",
        "utilisation": "2/5",
        "visit_length": "10 h",
        "holidays": (),
    }
    return Monitoring(**(values | changes))
