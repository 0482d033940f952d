"""The decisions: text, parties, triggers, votes, pauses, resumption, amendments."""
