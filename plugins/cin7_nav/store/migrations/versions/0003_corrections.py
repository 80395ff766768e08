"""Deliveries that reverse others, what people decided on held documents, and what is to apply in NAV."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
ALTER TABLE delivery
    ADD COLUMN reverses bigint REFERENCES delivery,
    ADD COLUMN posting text NOT NULL DEFAULT 'post' CHECK (posting IN ('post', 'stage'));
COMMENT ON COLUMN delivery.posting IS 'whether NAV is asked to post it, or people are';
COMMENT ON COLUMN delivery.revision IS 'counts everything sent for the document: postings and reversals';
COMMENT ON COLUMN delivery.reverses IS 'the posted delivery that this one takes back; null: a posting';
ALTER TABLE delivery DROP CONSTRAINT delivery_company_batch_code_key;
COMMENT ON COLUMN delivery.batch_code IS 'follows from the document number; once in a blue moon two share one';
CREATE INDEX delivery_batch ON delivery (company, batch_code);
CREATE UNIQUE INDEX delivery_reversed_once ON delivery (reverses);
CREATE INDEX delivery_staged ON delivery (company, id) WHERE state = 'staged';

ALTER TABLE document
    ADD COLUMN posting text NOT NULL DEFAULT 'post' CHECK (posting IN ('post', 'stage', 'hold')),
    ADD COLUMN refused_as text NOT NULL DEFAULT '',
    ADD COLUMN tried_at timestamptz,
    ADD COLUMN first_problems jsonb;
COMMENT ON COLUMN document.posting IS 'what is to happen to the journal';
COMMENT ON COLUMN document.refused_as IS 'fingerprint of the reference data with which NAV refused the journal';
COMMENT ON COLUMN document.first_problems IS 'the first cause, while the document waits';
CREATE INDEX document_party ON document (company, party_id);

-- What a person sees of a document before deciding on it: its content in Cin7, and what would be posted where.
CREATE FUNCTION shown_hash(content_hash text, journal jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(content_hash, journal->'posting_date',
        (SELECT jsonb_agg(line - '{description,rules,sources}'::text[])
         FROM jsonb_array_elements(journal->'lines') AS line))::text, 'UTF8')), 'hex')
$$;
REVOKE EXECUTE ON FUNCTION shown_hash FROM PUBLIC;
ALTER TABLE document
    ADD COLUMN shown_hash text NOT NULL GENERATED ALWAYS AS (shown_hash(content_hash, journal)) STORED;

ALTER TABLE order_header DROP CONSTRAINT order_header_side_check,
    ADD CONSTRAINT order_header_side_check CHECK (side IN ('sale', 'purchase', 'ledger'));
COMMENT ON COLUMN order_header.side IS 'ledger: a day of Cin7''s ledger that could not be read';

CREATE TABLE decision (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company       text NOT NULL,
    document_id   bigint NOT NULL REFERENCES document,
    revision      integer NOT NULL,
    question      text NOT NULL,
    shown_hash  text NOT NULL,
    answer        text NOT NULL CHECK (answer IN ('post', 'link', 'skip')),
    nav_number    text NOT NULL DEFAULT '',
    reason        text NOT NULL,
    person        text NOT NULL,
    run           text NOT NULL,
    decided_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE decision IS 'What a person answered; it holds for the document as it was, not for later content.';
COMMENT ON COLUMN decision.question IS 'code of the problem that the document was held for';
COMMENT ON COLUMN decision.nav_number IS 'answer link: the NAV document that already is this document';
CREATE UNIQUE INDEX decision_once ON decision (document_id, run, decided_at);

CREATE TABLE question (
    document_id   bigint NOT NULL REFERENCES document,
    question      text NOT NULL,
    shown_hash  text NOT NULL,
    company       text NOT NULL,
    run           text NOT NULL,
    asked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (document_id, question, shown_hash)
);
COMMENT ON TABLE question IS 'What a run has asked people, once per held document as it is.';

CREATE TABLE application (
    delivery_id   bigint PRIMARY KEY REFERENCES delivery,
    company       text NOT NULL,
    applies_to    text NOT NULL,
    why           text NOT NULL,
    noted_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at       timestamptz,
    done_by       text
);
COMMENT ON TABLE application IS 'Entries that a person must apply to another one in NAV, until done.';
COMMENT ON COLUMN application.applies_to IS 'NAV document number of the invoice or of what was reversed';
CREATE INDEX application_open ON application (company) WHERE done_at IS NULL;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(TABLES.replace("%", "%%"))
