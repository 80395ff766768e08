"""Parties of both systems: the cards as last read, which belong together, and what people are asked and said."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE party_card (
    company      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('customer', 'supplier')),
    side         text NOT NULL CHECK (side IN ('cin7', 'nav')),
    id           text NOT NULL,
    number       text NOT NULL,
    "values"     jsonb NOT NULL,
    modified     timestamptz NOT NULL,
    version      text NOT NULL,
    due          boolean NOT NULL DEFAULT true,
    seen_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    gone_at      timestamptz,
    PRIMARY KEY (company, kind, side, id)
);
COMMENT ON TABLE party_card IS 'A customer or supplier as one of the systems had it when it was read last.';
COMMENT ON COLUMN party_card."values" IS 'the fields that are kept the same, in the words of the side';
COMMENT ON COLUMN party_card.version IS 'NAV''s ETag';
COMMENT ON COLUMN party_card.due IS 'it changed, and what follows from that was not done yet';
COMMENT ON COLUMN party_card.seen_at IS 'when it was read and differed from what was known';
COMMENT ON COLUMN party_card.gone_at IS 'since when the side does not have it any more';
CREATE INDEX party_card_due ON party_card (company, kind) WHERE due;
CREATE INDEX party_card_number ON party_card (company, kind, number) WHERE number <> '';

CREATE TABLE party_link (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('customer', 'supplier')),
    cin7_id      text,
    nav_id       text,
    how          text NOT NULL,
    why          text NOT NULL,
    snapshot     jsonb NOT NULL DEFAULT '{}',
    chosen       jsonb NOT NULL DEFAULT '{}',
    intent       jsonb,
    intended_at  timestamptz,
    problems     jsonb NOT NULL DEFAULT '[]',
    problem_since timestamptz,
    tried_at     timestamptz,
    linked_at    timestamptz,
    ended_at     timestamptz,
    CHECK (cin7_id IS NOT NULL OR nav_id IS NOT NULL)
);
COMMENT ON TABLE party_link IS 'Which records of the two systems are one party. Without one of the ids: it is being created there.';
COMMENT ON COLUMN party_link.how IS 'parties.yaml, tax number, name and contact, a person, created';
COMMENT ON COLUMN party_link.snapshot IS 'field: what Cin7 and NAV held when they were last settled';
COMMENT ON COLUMN party_link.chosen IS 'field: whose value a person chose, and the two values that were shown';
COMMENT ON COLUMN party_link.intent IS 'what is sent to create the missing record, stored before it is sent';
CREATE UNIQUE INDEX party_link_cin7 ON party_link (company, kind, cin7_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX party_link_nav ON party_link (company, kind, nav_id) WHERE ended_at IS NULL;

CREATE TABLE party_apart (
    company      text NOT NULL,
    kind         text NOT NULL,
    one_id       text NOT NULL,
    other_id     text NOT NULL,
    why          text NOT NULL,
    PRIMARY KEY (company, kind, one_id, other_id)
);
COMMENT ON TABLE party_apart IS 'Records that a person said are never the same; other_id empty: the record is left alone.';

CREATE TABLE party_review (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company      text NOT NULL,
    kind         text NOT NULL,
    side         text NOT NULL,
    record_id    text NOT NULL,
    question     text NOT NULL,
    shown        jsonb NOT NULL,
    shown_hash   text NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_by     text,
    asked_at     timestamptz,
    answer       text,
    target       text NOT NULL DEFAULT '',
    reason       text,
    person       text,
    run          text,
    decided_at   timestamptz,
    closed_at    timestamptz
);
COMMENT ON TABLE party_review IS 'A question on a party, what was shown, and what a person answered. Rows are never deleted.';
COMMENT ON COLUMN party_review.asked_by IS 'the run that started a run of the DAG decisions for it';
COMMENT ON COLUMN party_review.target IS 'answer link: the record to link with';
COMMENT ON COLUMN party_review.closed_at IS 'since when it needs no answer: the answer was carried out, or things changed';
CREATE UNIQUE INDEX party_review_open ON party_review (company, kind, side, record_id, question)
    WHERE closed_at IS NULL;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES.replace("%", "%%"))
