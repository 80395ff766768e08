"""The receiver's role can fill no disk: temporary tables are for the owner alone."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

REVOKED = """
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(REVOKED.replace("%", "%%"))
