"""The secret that is shown says whose event it is, where an installation serves several companies."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

FUNCTIONS = """
ALTER FUNCTION land_event RENAME TO land_event_of;
REVOKE EXECUTE ON FUNCTION land_event_of FROM cin7_nav_receiver;
COMMENT ON FUNCTION land_event_of IS
    'One row per record, of one company. Not valid: nothing lands; what may be from NAV is kept aside, up to '
    '1,000 an hour.';

CREATE FUNCTION land_event(p_company text, p_source text, p_secret_sha256 bytea, p_type text, p_flow text,
                           p_sha256 text, p_payload jsonb, p_records jsonb, p_quarantined boolean,
                           OUT valid boolean, OUT landed integer, OUT quarantined integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose text := p_company;
    other text;
BEGIN
    IF whose IS NULL AND p_source = 'nav' THEN
        SELECT company INTO whose FROM notification_secret WHERE url_sha256 = p_secret_sha256 LIMIT 1;
    ELSIF whose IS NULL THEN
        SELECT company INTO whose FROM webhook_secret
        WHERE source = p_source AND sha256 = p_secret_sha256 LIMIT 1;
    END IF;
    IF whose IS NULL THEN
        SELECT coalesce(min(company), 'default') INTO whose FROM webhook_secret;
        FOR other IN SELECT DISTINCT company FROM webhook_secret WHERE company <> whose LOOP
            PERFORM ring_subscriptions(other, p_source, 'receiver/wrong-secret');
        END LOOP;
    END IF;
    SELECT l.valid, l.landed, l.quarantined INTO valid, landed, quarantined
    FROM land_event_of(whose, p_source, p_secret_sha256, p_type, p_flow, p_sha256, p_payload, p_records,
                       p_quarantined) AS l;
END $$;
COMMENT ON FUNCTION land_event IS
    'land_event_of the company that is named, or else of the one whose secret is shown. A secret of nobody is '
    'told to all, and what is kept aside of it lies with the first one.';
GRANT EXECUTE ON FUNCTION land_event TO cin7_nav_receiver;
REVOKE EXECUTE ON FUNCTION land_event FROM PUBLIC;

CREATE OR REPLACE FUNCTION answer_handshake(p_company text, p_token_sha256 bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE expected_handshake SET answered_at = clock_timestamp()
    WHERE (p_company IS NULL OR company = p_company) AND token_sha256 = p_token_sha256
        AND expires_at > clock_timestamp();
    RETURN FOUND;
END $$;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FUNCTIONS.replace("%", "%%"))
