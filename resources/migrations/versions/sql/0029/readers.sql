-- Makes the role of readers if it is not there, and gives it what it may read; repeated, it changes nothing.
-- Returns whether the role is there: a user without CREATEROLE cannot make it, and an administrator does.
-- The policies are a second line: should somebody grant a table to readers, they see their clients of it. They
-- restrict these roles alone; for all others a table is as it was.
CREATE FUNCTION finance_readers() RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    kept text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'opsguard_finance') THEN
        BEGIN
            CREATE ROLE opsguard_finance NOLOGIN;
        EXCEPTION
            WHEN OTHERS THEN
                RAISE NOTICE 'role opsguard_finance: % (docs/finance.md says how to make it)', SQLERRM;
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'opsguard_finance') THEN
        RETURN false;
    END IF;
    GRANT USAGE ON SCHEMA opsguard_finance TO opsguard_finance;
    GRANT SELECT ON ALL TABLES IN SCHEMA opsguard_finance TO opsguard_finance;
    FOREACH kept IN ARRAY ARRAY['scorecards', 'scorecard_signings', 'scorecard_files', 'finance_grants'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS as_before ON %I', kept);
        EXECUTE format('DROP POLICY IF EXISTS own_clients ON %I', kept);
        EXECUTE format('CREATE POLICY as_before ON %I USING (true) WITH CHECK (true)', kept);
        EXECUTE format(
            'CREATE POLICY own_clients ON %I AS RESTRICTIVE TO opsguard_finance USING (' || CASE kept
                WHEN 'finance_grants' THEN 'role_name = current_user'
                ELSE 'client_id = ANY (CAST((SELECT ARRAY(SELECT g.client_id FROM finance_grants AS g '
                     'WHERE g.role_name = current_user)) AS text[]))'
            END || ')', kept
        );
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', kept);
    END LOOP;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION finance_readers() FROM PUBLIC
