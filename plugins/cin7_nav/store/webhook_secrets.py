"""The secrets that senders show to the receiver. We keep their SHA-256 only.

An unsalted SHA-256 is right for a long random secret and wrong for a password: nobody can try 2^128 values.
For the same reason the lookup by hash in the database needs no constant time. What it could leak is how many
leading bytes of two *hashes* agree; nobody can choose a secret so that the next byte of its hash agrees too,
and not even the whole hash would open the door.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from cin7_nav.store.database import Database

SHORTEST = 16


def fingerprint(secret: str) -> bytes:
    """The SHA-256 by which a secret is stored and looked up."""
    return hashlib.sha256(secret.encode()).digest()


def admit(database: Database, source: str, secret: str) -> None:
    """Accept `secret` from now on, besides the one admitted before it; older ones end. Safe to repeat.

    `source` is `cin7` or `nav`. Raises ValueError for a secret too short to be a random one, or one of
    another company: it says whose event it is.
    """
    if len(secret) < SHORTEST:
        raise ValueError(f"A webhook secret needs at least {SHORTEST} characters.")
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT company FROM webhook_secret WHERE source = %s AND sha256 = %s AND company <> %s",
            (source, fingerprint(secret), cursor.company),
        )
        if taken := cursor.fetchone():
            raise ValueError(f"The webhook secret is that of the company {taken[0]} already; give another.")
        cursor.execute(
            "INSERT INTO webhook_secret (company, source, sha256) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (cursor.company, source, fingerprint(secret)),
        )
        cursor.execute(
            """
            DELETE FROM webhook_secret WHERE company = %(company)s AND source = %(source)s
                AND sha256 <> %(admitted)s
                AND sha256 <> (SELECT sha256 FROM webhook_secret
                               WHERE company = %(company)s AND source = %(source)s AND sha256 <> %(admitted)s
                               ORDER BY admitted_at DESC LIMIT 1)
            """,
            {"company": cursor.company, "source": source, "admitted": fingerprint(secret)},
        )


def keep_only(database: Database, source: str, secret: str) -> None:
    """End a rotation: every secret but this one stops being valid. Refuses to leave none."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            DELETE FROM webhook_secret WHERE company = %(company)s AND source = %(source)s
                AND sha256 <> %(kept)s
                AND EXISTS (SELECT FROM webhook_secret
                            WHERE company = %(company)s AND source = %(source)s AND sha256 = %(kept)s)
            """,
            {"company": cursor.company, "source": source, "kept": fingerprint(secret)},
        )


def end_former(database: Database, source: str, secret: str, after: dt.timedelta) -> None:
    """End a rotation that began long enough ago: every other secret stops being valid."""
    with database.transaction() as cursor:
        cursor.execute(
            """
            DELETE FROM webhook_secret WHERE company = %(company)s AND source = %(source)s
                AND sha256 <> %(kept)s
                AND EXISTS (SELECT FROM webhook_secret
                            WHERE company = %(company)s AND source = %(source)s AND sha256 = %(kept)s
                                AND admitted_at <= clock_timestamp() - %(after)s)
            """,
            {"company": cursor.company, "source": source, "kept": fingerprint(secret), "after": after},
        )
