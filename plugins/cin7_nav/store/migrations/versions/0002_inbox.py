"""The inbox of landed events, the secrets that senders show, and the two functions of the receiver's role."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE inbox (
    id           bigserial PRIMARY KEY,
    company      text NOT NULL,
    source       text NOT NULL CHECK (source IN ('cin7', 'nav')),
    type         text NOT NULL,
    flow         text NOT NULL,
    record_id    text NOT NULL,
    number       text NOT NULL,
    payload      jsonb,
    sha256       text NOT NULL,
    landed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    repeats      integer NOT NULL DEFAULT 0,
    state        text NOT NULL CHECK (state IN ('waiting', 'claimed', 'done', 'quarantined')),
    owner        text,
    claimed_at   timestamptz,
    lease_until  timestamptz,
    done_at      timestamptz
);
COMMENT ON TABLE inbox IS 'What a webhook said: look at this record. The record itself is always read again.';
COMMENT ON COLUMN inbox.flow IS 'the flow that claims it; "none" is kept for the record only';
COMMENT ON COLUMN inbox.payload IS 'what was sent, or null once expired; quarantined: the text as a string';
COMMENT ON COLUMN inbox.sha256 IS 'of the whole body, as it came';
-- Only an event that nobody has looked at yet absorbs an identical one: later the record may have changed.
CREATE UNIQUE INDEX inbox_same ON inbox (company, source, type, record_id, number, sha256)
    WHERE state IN ('waiting', 'quarantined');
CREATE INDEX inbox_open ON inbox (company, flow, id) WHERE state IN ('waiting', 'claimed');
CREATE INDEX inbox_landed ON inbox (company, landed_at);

CREATE TABLE webhook_secret (
    company      text NOT NULL,
    source       text NOT NULL CHECK (source IN ('cin7', 'nav')),
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    admitted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (company, source, sha256)
);
COMMENT ON TABLE webhook_secret IS 'Hashes of the secrets that a sender may show: two during a rotation.';

CREATE TABLE expected_handshake (
    company      text NOT NULL,
    token_sha256 bytea NOT NULL CHECK (octet_length(token_sha256) = 32),
    expires_at   timestamptz NOT NULL,
    answered_at  timestamptz,
    PRIMARY KEY (company, token_sha256)
);
COMMENT ON TABLE expected_handshake IS
    'The unguessable tokens in notification URLs whose subscription is being made or renewed just now.';

CREATE FUNCTION inbox_waiting(p_company text, p_flow text, OUT waiting bigint, OUT oldest_age interval)
LANGUAGE sql STABLE AS $$
    SELECT count(*), clock_timestamp() - min(landed_at) FROM inbox
    WHERE company = p_company AND flow = p_flow
      AND (state = 'waiting' OR state = 'claimed' AND lease_until <= clock_timestamp())
$$;
COMMENT ON FUNCTION inbox_waiting IS 'Events that may be claimed, those with an expired lease among them.';
"""

FUNCTIONS = """
CREATE FUNCTION land_event(p_company text, p_source text, p_secret_sha256 bytea, p_type text, p_flow text,
                           p_sha256 text, p_payload jsonb, p_records jsonb, p_quarantined boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_secret
                   WHERE company = p_company AND source = p_source AND sha256 = p_secret_sha256) THEN
        RETURN false;
    END IF;
    INSERT INTO inbox (company, source, type, flow, record_id, number, payload, sha256, state, done_at)
    SELECT p_company, p_source, p_type, p_flow, r.record_id, r.number, p_payload #> r.path, p_sha256,
           CASE WHEN p_quarantined THEN 'quarantined' WHEN p_flow = 'none' THEN 'done' ELSE 'waiting' END,
           CASE WHEN p_flow = 'none' AND NOT p_quarantined THEN clock_timestamp() END
    FROM jsonb_to_recordset(p_records) AS r (record_id text, number text, path text[])
    ORDER BY r.record_id, r.number
    ON CONFLICT (company, source, type, record_id, number, sha256) WHERE state IN ('waiting', 'quarantined')
    DO UPDATE SET repeats = inbox.repeats + 1;
    IF FOUND AND NOT p_quarantined AND p_flow <> 'none' THEN
        PERFORM pg_notify('cin7_nav_landed', p_flow);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION land_event IS
    'One row per record, or nothing and false where the secret is not valid. No records: only the check.';

CREATE FUNCTION answer_handshake(p_company text, p_token_sha256 bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE expected_handshake SET answered_at = clock_timestamp()
    WHERE company = p_company AND token_sha256 = p_token_sha256 AND expires_at > clock_timestamp();
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION answer_handshake IS
    'Whether a handshake is expected at this URL now. It may come twice: its answer can get lost.';
"""

# PostgreSQL lets everybody execute a new function; the receiver's role is to have these two and nothing else.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cin7_nav_receiver') THEN
        CREATE ROLE cin7_nav_receiver LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was migrated at the same moment
END $$;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION audit_hash, append_audit, audit_is_append_only, inbox_waiting, land_event,
    answer_handshake FROM PUBLIC;
GRANT EXECUTE ON FUNCTION land_event, answer_handshake TO cin7_nav_receiver;
"""


def upgrade() -> None:
    for part in (TABLES, FUNCTIONS, ROLE):
        op.get_bind().exec_driver_sql(part.replace("%", "%%"))
