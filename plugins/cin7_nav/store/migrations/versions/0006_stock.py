"""Stock documents of Cin7, movements in both directions, our adjustments in Cin7, and levels that differ."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE stock_row (
    company       text NOT NULL,
    list          text NOT NULL CHECK (list IN ('sale', 'purchase', 'adjustment', 'take', 'transfer')),
    record_id     text NOT NULL,
    number        text NOT NULL,
    fingerprint   text NOT NULL,
    read_as       text,
    problem       text,
    problem_since timestamptz,
    PRIMARY KEY (company, list, record_id)
);
COMMENT ON TABLE stock_row IS 'The newest list row of each record that can move stock, and as what it was read.';
CREATE INDEX stock_row_unread ON stock_row (company, list) WHERE read_as IS DISTINCT FROM fingerprint;

CREATE TABLE stock_document (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company       text NOT NULL,
    kind          text NOT NULL,
    order_id      text NOT NULL,
    task_id       text NOT NULL,
    number        text NOT NULL,
    order_number  text NOT NULL,
    status        text NOT NULL,
    content_hash  text NOT NULL,
    raw_sha256    text NOT NULL,
    revision      integer NOT NULL DEFAULT 0,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (company, kind, order_id, task_id)
);
COMMENT ON COLUMN stock_document.revision IS 'counts the changes that moved something';
CREATE INDEX stock_document_order ON stock_document (company, order_id);

CREATE TABLE movement (
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company               text NOT NULL,
    direction             text NOT NULL CHECK (direction IN ('to_nav', 'to_cin7')),
    kind                  text NOT NULL,
    document_id           bigint REFERENCES stock_document,
    number                text NOT NULL,
    line                  jsonb NOT NULL,
    sku                   text NOT NULL,
    movement_date         date NOT NULL,
    state                 text NOT NULL CHECK (state IN ('received', 'ready', 'sending', 'staged', 'posted',
                          'needs_attention', 'held', 'unknown', 'skipped', 'reversed')),
    state_since           timestamptz NOT NULL DEFAULT clock_timestamp(),
    problems              jsonb NOT NULL DEFAULT '[]',
    problem_since         timestamptz,
    nav                   jsonb,
    document_no           varchar(20) NOT NULL,
    external_document_no  varchar(35) NOT NULL DEFAULT '',
    line_no               integer,
    entry_no              bigint,
    cost                  numeric,
    run                   text NOT NULL,
    found_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at               timestamptz
);
COMMENT ON TABLE movement IS 'What one document or entry moves of one item in one place, on its way to the other system.';
COMMENT ON COLUMN movement.document_no IS 'NAV document number; of a movement to Cin7 that of the entry it comes from';
COMMENT ON COLUMN movement.entry_no IS 'to_cin7: the item ledger entry it comes from';
COMMENT ON COLUMN movement.cost IS 'what NAV booked for it: local currency, negative for what left';
CREATE UNIQUE INDEX movement_entry ON movement (company, entry_no) WHERE direction = 'to_cin7';
CREATE INDEX movement_open ON movement (company, direction, id)
    WHERE state NOT IN ('posted', 'skipped', 'reversed');
CREATE INDEX movement_document ON movement (document_id);
CREATE INDEX movement_document_no ON movement (company, document_no);
CREATE INDEX movement_sku ON movement (company, sku, id);

CREATE TABLE stock_adjustment (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company      text NOT NULL,
    movement_id  bigint NOT NULL REFERENCES movement,
    reference    text NOT NULL,
    on_hand      numeric,
    target       numeric,
    applied      numeric,
    line         jsonb,
    task_id      text UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE stock_adjustment IS 'Adjustments that we made in Cin7: stored before sending, then what Cin7 did.';
COMMENT ON COLUMN stock_adjustment.line IS 'the movement as Cin7 made it, which a later undo or void takes back';
COMMENT ON COLUMN stock_adjustment.applied IS 'what it really changed; null: not known yet';
CREATE INDEX stock_adjustment_movement ON stock_adjustment (movement_id);
CREATE INDEX stock_adjustment_reference ON stock_adjustment (company, reference);

CREATE TABLE nav_level (
    company        text NOT NULL,
    item_no        text NOT NULL,
    location_code  text NOT NULL,
    quantity       numeric NOT NULL,
    cost           numeric NOT NULL,
    PRIMARY KEY (company, item_no, location_code)
);
COMMENT ON TABLE nav_level IS 'Sums of the item ledger up to the entry that the cursor nav_levels names.';

CREATE TABLE level_drift (
    company        text NOT NULL,
    item_no        text NOT NULL,
    location_code  text NOT NULL,
    cin7           numeric NOT NULL,
    nav            numeric NOT NULL,
    value          numeric NOT NULL,
    cause          text NOT NULL,
    first_seen     timestamptz NOT NULL,
    agreed_at      timestamptz,
    seen_at        timestamptz NOT NULL,
    PRIMARY KEY (company, item_no, location_code)
);
COMMENT ON TABLE level_drift IS 'Items and locations whose levels differ, as last compared.';
COMMENT ON COLUMN level_drift.agreed_at IS 'the last comparison in which the two agreed';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES.replace("%", "%%"))
