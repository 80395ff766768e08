"""Whose a Cin7 account and a NAV company are."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from cin7_nav.store.database import Database


def claim(database: Database, source: str, account: str, served: Collection[str]) -> str:
    """Take `account` at the vendor `source` (`cin7`, `nav`) for the database's company, in place of the one
    that it had; the company whose it is from now on.

    That is another one where it was taken before by one of `served`, the companies of this installation.
    """
    sha256 = hashlib.sha256(account.encode()).digest()
    with database.transaction() as cursor:
        for is_locked in (False, True):
            cursor.execute(
                "SELECT company FROM vendor_account WHERE source = %s AND sha256 = %s", (source, sha256)
            )
            if (found := cursor.fetchone()) and (found[0] == cursor.company or found[0] in served):
                return str(found[0])
            if not is_locked:
                cursor.execute("LOCK TABLE vendor_account IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM vendor_account WHERE source = %s AND sha256 = %s", (source, sha256))
        cursor.execute(
            """
            INSERT INTO vendor_account (company, source, sha256) VALUES (%s, %s, %s)
            ON CONFLICT (company, source) DO UPDATE SET sha256 = EXCLUDED.sha256
            """,
            (cursor.company, source, sha256),
        )
        return cursor.company
