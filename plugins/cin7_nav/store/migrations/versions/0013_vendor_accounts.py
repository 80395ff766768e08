"""Two companies on one Cin7 account, or in one NAV company, are noticed whatever their connections are called."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

ACCOUNTS = """
CREATE TABLE vendor_account (
    company text NOT NULL,
    source text NOT NULL CHECK (source IN ('cin7', 'nav')),
    sha256 bytea NOT NULL,
    PRIMARY KEY (company, source),
    UNIQUE (source, sha256)
);
COMMENT ON TABLE vendor_account IS 'Whose a Cin7 account and a NAV company are: one company''s alone.';
COMMENT ON COLUMN vendor_account.sha256 IS 'Of its address and its id or name, as the connection has them.';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(ACCOUNTS)
