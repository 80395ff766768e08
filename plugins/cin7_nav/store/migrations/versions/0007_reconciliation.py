"""Reconciliations, the differences that they found, alerts that were told, and indexes for a million documents."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
CREATE TABLE reconciliation (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company       text NOT NULL,
    run           text NOT NULL,
    first_day     date NOT NULL,
    last_day      date NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    documents     integer NOT NULL,
    agreed        integer NOT NULL,
    differences   integer NOT NULL,
    amount        numeric NOT NULL,
    proved        jsonb NOT NULL,
    accounts      jsonb NOT NULL,
    lists         jsonb NOT NULL,
    calls         jsonb NOT NULL,
    audit_id      bigint,
    audit_hash    text NOT NULL DEFAULT ''
);
COMMENT ON TABLE reconciliation IS 'One comparison of both systems over a range of business dates.';
COMMENT ON COLUMN reconciliation.amount IS 'sum of the differences without their signs, local currency';
COMMENT ON COLUMN reconciliation.proved IS 'what could be proved here, and why something could not';
COMMENT ON COLUMN reconciliation.accounts IS 'Cin7''s ledger by month and account beside our documents'' NAV lines';
COMMENT ON COLUMN reconciliation.lists IS 'what is told and is no difference: paid in Cin7 and open in NAV, left out';
COMMENT ON COLUMN reconciliation.audit_hash IS 'hash of the last row of the audit trail at that moment';
CREATE INDEX reconciliation_newest ON reconciliation (company, id);

CREATE TABLE reconciliation_report (
    reconciliation_id bigint PRIMARY KEY REFERENCES reconciliation,
    company      text NOT NULL,
    page         text NOT NULL,
    certificate  text NOT NULL,
    csv          text NOT NULL
);
COMMENT ON TABLE reconciliation_report IS 'What people read of a run: an HTML page, a certificate of one page, a CSV.';

CREATE TABLE difference (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company        text NOT NULL,
    area           text NOT NULL,
    record         text NOT NULL,
    sort           text NOT NULL,
    detail         text NOT NULL DEFAULT '',
    cause          text NOT NULL,
    message        text NOT NULL,
    next_step      text NOT NULL,
    fixer          text NOT NULL,
    number         text NOT NULL,
    day            date NOT NULL,
    cin7_amount    numeric NOT NULL,
    nav_amount     numeric NOT NULL,
    first_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    reconciliation_id bigint NOT NULL REFERENCES reconciliation,
    closed_at      timestamptz
);
COMMENT ON TABLE difference IS 'In what the two systems differ, until a later comparison does not find it any more.';
COMMENT ON COLUMN difference.area IS 'the comparison that found it, which alone closes it';
COMMENT ON COLUMN difference.record IS 'document key, or NAV document number where Cin7 has none';
CREATE UNIQUE INDEX difference_open_once ON difference (company, area, record, sort, detail) WHERE closed_at IS NULL;
CREATE INDEX difference_open_by_day ON difference (company, area, day) WHERE closed_at IS NULL;

CREATE VIEW difference_open AS
SELECT company, area, sort, cause, number, record, detail, day, cin7_amount, nav_amount,
       nav_amount - cin7_amount AS amount, message, next_step, fixer, first_seen_at, last_seen_at,
       clock_timestamp() - first_seen_at AS age
FROM difference WHERE closed_at IS NULL;
COMMENT ON VIEW difference_open IS 'What is to be explained or mended now, with its age.';

CREATE TABLE replay (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company      text NOT NULL,
    run          text NOT NULL,
    selection    jsonb NOT NULL,
    planned_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    UNIQUE (company, run)
);
COMMENT ON TABLE replay IS 'What a replay took upon itself before it acted: a task that is repeated goes on from there.';
CREATE TABLE replay_order (
    replay_id  bigint NOT NULL REFERENCES replay,
    company    text NOT NULL,
    side       text NOT NULL,
    order_id   text NOT NULL,
    done_at    timestamptz,
    PRIMARY KEY (replay_id, side, order_id)
);

CREATE TABLE alert (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company     text NOT NULL,
    cause       text NOT NULL,
    message     text NOT NULL,
    raised_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at     timestamptz,
    ended_at    timestamptz,
    end_told_at timestamptz
);
COMMENT ON TABLE alert IS 'A cause that people are told of once, and once more when it is over.';
CREATE UNIQUE INDEX alert_once ON alert (company, cause) WHERE ended_at IS NULL;
CREATE INDEX alert_untold ON alert (company) WHERE told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL);

CREATE INDEX payload_stored ON payload (stored_at);
CREATE INDEX document_task ON document (company, task_id);
CREATE INDEX document_listed ON document (company, document_date DESC, id DESC);
CREATE INDEX document_listed_by_state ON document (company, state, document_date DESC, id DESC);
CREATE INDEX delivery_posted ON delivery (company, posted_at);
CREATE INDEX audit_newest ON audit (company, id);
-- Words of the numbers and the party's name; people type the beginning of some of them.
CREATE FUNCTION document_words(number text, order_number text, party_name text) RETURNS tsvector
LANGUAGE sql IMMUTABLE COST 1000 AS $$
    SELECT to_tsvector('simple', translate(number || ' ' || order_number || ' ' || party_name, '-/_.', '    '))
$$;
REVOKE EXECUTE ON FUNCTION document_words FROM PUBLIC;
CREATE INDEX document_party_name ON document (company, party_name);
-- The account codes of Cin7 on its lines and those of NAV on its journal.
CREATE FUNCTION document_accounts(source jsonb, journal jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE COST 1000 AS $$
    SELECT ARRAY(SELECT line->>'account' FROM jsonb_array_elements(source->'lines') AS line
                 UNION SELECT line->>'account_no' FROM jsonb_array_elements(journal->'lines') AS line)
$$;
REVOKE EXECUTE ON FUNCTION document_accounts FROM PUBLIC;
CREATE INDEX document_account ON document USING gin (document_accounts(source, journal));
CREATE INDEX document_text ON document USING gin (document_words(number, order_number, party_name));
"""

# The accounts in Cin7 that a line carries came later than what people were shown before.
SHOWN = """
CREATE OR REPLACE FUNCTION shown_hash(content_hash text, journal jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(content_hash, journal->'posting_date',
        (SELECT jsonb_agg(line - '{description,rules,sources,cin7_accounts}'::text[])
         FROM jsonb_array_elements(journal->'lines') AS line))::text, 'UTF8')), 'hex')
$$;
"""


def upgrade() -> None:
    for part in (TABLES, SHOWN):
        op.get_bind().exec_driver_sql(part.replace("%", "%%"))
