"""Questions on parties that are none any more are withdrawn from people once."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

WITHDRAWN = """
ALTER TABLE party_review ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN party_review.withdrawn_at IS 'since when nobody is asked any more; set for answered ones too';
CREATE INDEX party_review_asked ON party_review (company) WHERE asked_at IS NOT NULL AND withdrawn_at IS NULL;
COMMENT ON TABLE question IS 'What people are being asked, once per held document as it is, by the run that asked.';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(WITHDRAWN)
