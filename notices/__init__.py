"""Tells people: feeds, calendars, e-mail. It follows the record, and changes nothing that it tells of."""
