"""An event may be looked at by several flows: one row of the inbox for each of them."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

INDEX = """
DROP INDEX inbox_same;
CREATE UNIQUE INDEX inbox_same ON inbox (company, source, type, flow, record_id, number, sha256)
    WHERE state IN ('waiting', 'quarantined');
"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION ring_subscriptions(p_company text, p_source text, p_what text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE inbox SET repeats = repeats + 1 WHERE id = (
        SELECT id FROM inbox WHERE company = p_company AND source = p_source AND type = p_what
            AND flow = 'subscriptions' AND landed_at > clock_timestamp() - interval '10 minutes'
        ORDER BY landed_at DESC LIMIT 1);
    IF NOT FOUND THEN
        INSERT INTO inbox (company, source, type, flow, record_id, number, sha256, state)
        VALUES (p_company, p_source, p_what, 'subscriptions', '', '', '', 'waiting')
        ON CONFLICT (company, source, type, flow, record_id, number, sha256)
            WHERE state IN ('waiting', 'quarantined')
        DO UPDATE SET repeats = inbox.repeats + 1;
        PERFORM pg_notify('cin7_nav_landed', 'subscriptions');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION land_event(p_company text, p_source text, p_secret_sha256 bytea, p_type text, p_flow text,
                           p_sha256 text, p_payload jsonb, p_records jsonb, p_quarantined boolean,
                           OUT valid boolean, OUT landed integer, OUT quarantined integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rung text[];
    has_room boolean := true;
BEGIN
    landed := 0;
    quarantined := 0;
    IF p_source = 'nav' THEN
        valid := EXISTS (SELECT FROM notification_secret
                         WHERE company = p_company AND url_sha256 = p_secret_sha256
                           AND (ends_at IS NULL OR ends_at > clock_timestamp()));
    ELSE
        valid := EXISTS (SELECT FROM webhook_secret
                         WHERE company = p_company AND source = p_source AND sha256 = p_secret_sha256);
    END IF;
    IF NOT valid THEN
        PERFORM ring_subscriptions(p_company, p_source, 'receiver/wrong-secret');
        IF p_source <> 'nav' OR NOT p_quarantined THEN
            RETURN;
        END IF;
    END IF;
    IF p_source = 'nav' THEN
        has_room := (SELECT count(*) < 1000 FROM (
            SELECT FROM inbox WHERE company = p_company AND source = 'nav' AND state = 'quarantined'
                AND landed_at > clock_timestamp() - interval '1 hour' LIMIT 1000) AS recent);
    END IF;
    WITH given AS (
        SELECT coalesce(r.type, p_type) AS type, coalesce(r.flow, p_flow) AS flow, r.record_id, r.number, r.path,
               p_quarantined OR p_source = 'nav' AND NOT EXISTS (
                   SELECT FROM notification_secret s
                   WHERE s.company = p_company AND s.url_sha256 = p_secret_sha256
                     AND s.state_sha256 = decode(r.secret, 'hex') AND s.entity = split_part(r.type, '/', 1)
                     AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())) AS odd
        FROM jsonb_to_recordset(p_records) AS r (
            record_id text, number text, path text[], type text, flow text, secret text)
    ), each_once AS (
        SELECT DISTINCT ON (type, flow, record_id, number) * FROM given WHERE has_room OR NOT odd
        ORDER BY type, flow, record_id, number, odd
    ), put AS (
        INSERT INTO inbox (company, source, type, flow, record_id, number, payload, sha256, state, done_at)
        SELECT p_company, p_source, d.type, d.flow, d.record_id, d.number, p_payload #> d.path, p_sha256,
               CASE WHEN d.odd THEN 'quarantined' WHEN d.flow = 'none' THEN 'done' ELSE 'waiting' END,
               CASE WHEN d.flow = 'none' AND NOT d.odd THEN clock_timestamp() END
        FROM each_once AS d ORDER BY d.type, d.flow, d.record_id, d.number
        ON CONFLICT (company, source, type, flow, record_id, number, sha256)
            WHERE state IN ('waiting', 'quarantined')
        DO UPDATE SET repeats = inbox.repeats + 1
        RETURNING inbox.state, inbox.flow
    )
    SELECT (SELECT count(*) FILTER (WHERE put.state <> 'quarantined') FROM put),
           (SELECT array_agg(DISTINCT put.flow) FILTER (WHERE put.state = 'waiting') FROM put),
           (SELECT count(*) FROM given WHERE odd)
    INTO landed, rung, quarantined;
    IF valid AND quarantined > 0 THEN
        PERFORM ring_subscriptions(p_company, p_source, 'receiver/quarantined');
    END IF;
    PERFORM pg_notify('cin7_nav_landed', flow) FROM unnest(rung) AS flow;
END $$;
"""


def upgrade() -> None:
    for part in (INDEX, FUNCTIONS):
        op.get_bind().exec_driver_sql(part.replace("%", "%%"))
