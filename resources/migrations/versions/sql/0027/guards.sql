-- Signings are appended by their chain and never change; figures that were signed or sent never change either.
CREATE FUNCTION scorecards_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'scorecards' THEN
        IF OLD.signed_at IS NULL AND OLD.sent_at IS NULL OR (
            (OLD.client_id, OLD.month, OLD.number, OLD.figures, OLD.snapshot_id)
            = (NEW.client_id, NEW.month, NEW.number, NEW.figures, NEW.snapshot_id)
            AND (OLD.signed_at IS NULL OR (OLD.signed_at, OLD.signed_by) = (NEW.signed_at, NEW.signed_by))
        ) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'scorecards' THEN
        IF OLD.signed_at IS NULL AND OLD.sent_at IS NULL THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF EXISTS (
            SELECT FROM scorecard_chain AS c
            WHERE NEW.previous = c.link AND NEW.place = c.length + 1
        ) AND NEW.link = scorecard_link(
            NEW.previous, NEW.digest, NEW.client_id, NEW.month, NEW.number, NEW.signed_by, NEW.signed_at, NEW.reason
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what is signed or sent stays as it is: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'OG002';
END
$$;
CREATE TRIGGER scorecards_keep BEFORE UPDATE OR DELETE ON scorecards
FOR EACH ROW EXECUTE FUNCTION scorecards_keep();
CREATE TRIGGER scorecard_signings_keep BEFORE INSERT OR UPDATE OR DELETE ON scorecard_signings
FOR EACH ROW EXECUTE FUNCTION scorecards_keep();
CREATE TRIGGER scorecard_signings_stay BEFORE TRUNCATE ON scorecard_signings
FOR EACH STATEMENT EXECUTE FUNCTION scorecards_keep();
CREATE TRIGGER scorecard_files_keep BEFORE UPDATE OR DELETE ON scorecard_files
FOR EACH ROW EXECUTE FUNCTION scorecards_keep();
CREATE TRIGGER scorecard_files_stay BEFORE TRUNCATE ON scorecard_files
FOR EACH STATEMENT EXECUTE FUNCTION scorecards_keep();
REVOKE ALL ON FUNCTION sign_month(text, date, integer, text, text, timestamptz, text) FROM PUBLIC
