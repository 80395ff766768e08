"""Codes of problems that only the delivery of a movement reveals, and that decide what happens next."""

DIFFERS = "posted_differently"
"""NAV's item ledger shows something else under our number: a person must look, nothing is sent again."""
DELETED = "staged_lines_deleted"
"""People deleted the line in NAV: it is sent again only for a person who names the document."""
CIN7_REFUSED = "cin7_refused"
INSUFFICIENT = frozenset({"nav_refused_stock", "insufficient_in_cin7"})
"""It waits for goods: what brings some may go before it."""
