"""Documents, deliveries, payloads, the audit trail, cursors, cached reference data and the call budget."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

DOCUMENTS = """
CREATE TABLE payload (
    sha256      text PRIMARY KEY,
    body        jsonb NOT NULL,
    stored_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE payload IS 'What was received and sent, by hash. Rows may expire; hashes in the audit stay.';

CREATE TABLE document (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company          text NOT NULL,
    kind             text NOT NULL,
    order_id         text NOT NULL,
    task_id          text NOT NULL,
    number           text NOT NULL,
    order_number     text NOT NULL,
    party_id         text NOT NULL,
    party_name       text NOT NULL,
    document_date    date NOT NULL,
    currency         text NOT NULL,
    total            numeric NOT NULL,
    source_status    text NOT NULL,
    source           jsonb NOT NULL,
    content_hash     text NOT NULL,
    raw_sha256       text NOT NULL,
    revision         integer NOT NULL DEFAULT 0,
    state            text NOT NULL CHECK (state IN ('received', 'ready', 'sending', 'staged', 'posted',
                     'needs_attention', 'held', 'unknown', 'skipped', 'reversed')),
    state_since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    problems         jsonb NOT NULL DEFAULT '[]',
    problem_since    timestamptz,
    problem_repeats  integer NOT NULL DEFAULT 0,
    journal          jsonb,
    found_by         text NOT NULL,
    run              text NOT NULL,
    lease_owner      text,
    lease_until      timestamptz,
    first_seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (company, kind, order_id, task_id)
);
CREATE INDEX document_open ON document (company, state, document_date)
    WHERE state NOT IN ('posted', 'skipped', 'reversed');
CREATE INDEX document_number ON document (company, number);
CREATE INDEX document_order ON document (company, order_id);
CREATE INDEX document_order_number ON document (company, order_number);
CREATE INDEX document_date ON document (company, document_date);

CREATE TABLE delivery (
    id                    bigint PRIMARY KEY,
    company               text NOT NULL,
    document_id           bigint NOT NULL REFERENCES document,
    revision              integer NOT NULL,
    nav_document_no       varchar(20) NOT NULL,
    external_document_no  varchar(35) NOT NULL,
    template              varchar(10) NOT NULL,
    batch_code            varchar(10) NOT NULL,
    posting_date          date NOT NULL,
    amount                numeric NOT NULL,
    journal               jsonb NOT NULL,
    request_sha256        text NOT NULL,
    content_hash          text NOT NULL,
    state                 text NOT NULL CHECK (state IN ('sending', 'unknown', 'staged', 'posted', 'refused')),
    journal_id            text,
    created_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    posted_at             timestamptz,
    first_entry_no        bigint,
    last_entry_no         bigint,
    batch_removed         boolean NOT NULL DEFAULT false,
    UNIQUE (document_id, revision),
    UNIQUE (company, nav_document_no),
    UNIQUE (company, batch_code)
);
COMMENT ON COLUMN delivery.amount IS 'the party line: local currency, debit positive';
CREATE SEQUENCE delivery_id OWNED BY delivery.id;
CREATE INDEX delivery_batch_left ON delivery (company) WHERE state = 'posted' AND NOT batch_removed;

CREATE VIEW document_overview AS
SELECT d.company, d.kind, d.number, d.order_number, d.party_name, d.document_date, d.currency, d.total,
       d.state, d.state_since, d.found_by, d.first_seen_at, d.problems, d.order_id, d.task_id, d.id,
       v.nav_document_no, v.amount AS posted_amount, v.posted_at, v.state AS delivery_state
FROM document d
LEFT JOIN LATERAL (
    SELECT * FROM delivery WHERE document_id = d.id ORDER BY revision DESC LIMIT 1
) v ON true;
"""

AUDIT = """
CREATE TABLE audit (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company         text NOT NULL,
    at              timestamptz NOT NULL,
    record          text NOT NULL,
    from_state      text,
    to_state        text NOT NULL,
    why             text NOT NULL,
    run             text NOT NULL,
    rule            text NOT NULL,
    raw_sha256      text NOT NULL,
    request_sha256  text NOT NULL,
    previous_hash   bytea NOT NULL,
    hash            bytea NOT NULL
);
CREATE INDEX audit_record ON audit (company, record, id);

CREATE FUNCTION audit_hash(a audit) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(a.previous_hash || convert_to(jsonb_build_array(a.company, extract(epoch FROM a.at)::text,
        a.record, a.from_state, a.to_state, a.why, a.run, a.rule, a.raw_sha256, a.request_sha256)::text, 'UTF8'))
$$;

-- Rows are chained in commit order: the lock is held from here to the end of the caller's transaction,
-- so call this last in it, once for all its rows.
CREATE FUNCTION append_audit(p_company text, p_rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    link  audit;
    entry jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('cin7_nav.audit'), hashtext(p_company));
    SELECT hash INTO link.hash FROM audit WHERE company = p_company ORDER BY id DESC LIMIT 1;
    link.hash := coalesce(link.hash, ''::bytea);
    link.company := p_company;
    FOR entry IN SELECT jsonb_array_elements(p_rows) LOOP
        link.at := clock_timestamp();
        link.record := entry->>'record';
        link.from_state := entry->>'from_state';
        link.to_state := entry->>'to_state';
        link.why := entry->>'why';
        link.run := entry->>'run';
        link.rule := coalesce(entry->>'rule', '');
        link.raw_sha256 := coalesce(entry->>'raw_sha256', '');
        link.request_sha256 := coalesce(entry->>'request_sha256', '');
        link.previous_hash := link.hash;
        link.hash := audit_hash(link);
        INSERT INTO audit (company, at, record, from_state, to_state, why, run, rule, raw_sha256,
                           request_sha256, previous_hash, hash)
        VALUES (link.company, link.at, link.record, link.from_state, link.to_state, link.why, link.run,
                link.rule, link.raw_sha256, link.request_sha256, link.previous_hash, link.hash);
    END LOOP;
END $$;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

READING = """
CREATE TABLE read_cursor (
    company     text NOT NULL,
    name        text NOT NULL,
    value       text NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (company, name)
);

CREATE TABLE order_header (
    company         text NOT NULL,
    side            text NOT NULL CHECK (side IN ('sale', 'purchase')),
    order_id        text NOT NULL,
    order_number    text NOT NULL,
    invoice_number  text NOT NULL,
    invoice_date    date,
    updated         text NOT NULL,
    invoiced        boolean NOT NULL,
    read_updated    text,
    problem         text,
    problem_since   timestamptz,
    PRIMARY KEY (company, side, order_id)
);
COMMENT ON TABLE order_header IS 'The newest list row of each order, and the state that its details were read in.';
CREATE INDEX order_header_unread ON order_header (company, side)
    WHERE invoiced AND read_updated IS DISTINCT FROM updated;
CREATE INDEX order_header_date ON order_header (company, side, invoice_date);
CREATE INDEX order_header_invoice ON order_header (company, side, invoice_number);

CREATE TABLE reference_set (
    company     text NOT NULL,
    source      text NOT NULL,
    entity      text NOT NULL,
    fetched_at  timestamptz NOT NULL,
    PRIMARY KEY (company, source, entity)
);
CREATE TABLE reference (
    company     text NOT NULL,
    source      text NOT NULL,
    entity      text NOT NULL,
    key         text NOT NULL,
    lookup      text NOT NULL DEFAULT '',
    body        jsonb NOT NULL,
    PRIMARY KEY (company, source, entity, key)
);
COMMENT ON COLUMN reference.lookup IS 'a second key, e.g. the normalised tax number of a party';
CREATE INDEX reference_lookup ON reference (company, source, entity, lookup) WHERE lookup <> '';

CREATE TABLE api_slot (
    bucket   text NOT NULL,
    slot     integer NOT NULL,
    free_at  timestamptz NOT NULL,
    PRIMARY KEY (bucket, slot)
);
CREATE INDEX api_slot_free ON api_slot (bucket, free_at);
"""


def upgrade() -> None:
    for part in (DOCUMENTS, AUDIT, READING):
        op.get_bind().exec_driver_sql(part.replace("%", "%%"))
