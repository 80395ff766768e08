"""The accounts of a document are kept with it: lists by account would work them out for every row they pass."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

ACCOUNTS = """
DROP INDEX document_account;
ALTER TABLE document ADD COLUMN accounts text[] NOT NULL
    GENERATED ALWAYS AS (document_accounts(source, journal)) STORED;
COMMENT ON COLUMN document.accounts IS 'The account codes of Cin7 on its lines and those of NAV on its journal.';
CREATE INDEX document_account ON document USING gin (accounts);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ACCOUNTS)
