-- Signs a scorecard: appends to the chain under the lock of its head, and returns the new link.
-- What is signed already returns the link that it has. A restatement follows all numbers before it.
CREATE FUNCTION sign_month(
    of_client text, of_month date, of_number integer, of_digest text, who text, at timestamptz, why text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    head scorecard_chain;
    card scorecards;
    done text;
    follows text;
BEGIN
    SELECT * INTO head FROM scorecard_chain FOR UPDATE;
    SELECT s.link INTO done FROM scorecard_signings AS s
    WHERE s.client_id = of_client AND s.month = of_month AND s.number = of_number AND s.digest = of_digest;
    IF done IS NOT NULL THEN
        RETURN done;
    END IF;
    SELECT * INTO card FROM scorecards AS s
    WHERE s.client_id = of_client AND s.month = of_month AND s.number = of_number FOR UPDATE;
    IF NOT FOUND OR card.digest <> of_digest THEN
        RAISE EXCEPTION 'its figures have changed or it is not there: look at it again before it is signed'
            USING ERRCODE = 'OG001';
    END IF;
    IF of_number <> (
        SELECT count(*) FROM scorecards AS s
        WHERE s.client_id = of_client AND s.month = of_month AND s.number < of_number AND s.sent_at IS NOT NULL
        OR s.client_id = of_client AND s.month = of_month AND s.number < of_number AND s.signed_at IS NOT NULL
    ) OR EXISTS (
        SELECT FROM scorecard_signings AS s
        WHERE s.client_id = of_client AND s.month = of_month AND s.number >= of_number
    ) THEN
        RAISE EXCEPTION 'it is not the next number of its month: those before it are signed first, later ones are not'
            USING ERRCODE = 'OG001';
    END IF;
    follows = scorecard_link(head.link, of_digest, of_client, of_month, of_number, who, at, why);
    INSERT INTO scorecard_signings (place, client_id, month, number, digest, signed_by, signed_at, reason, previous, link)
    VALUES (head.length + 1, of_client, of_month, of_number, of_digest, who, at, why, head.link, follows);
    UPDATE scorecard_chain SET length = head.length + 1, link = follows;
    UPDATE scorecards AS s SET status = 'signed', signed_at = at, signed_by = who
    WHERE s.client_id = of_client AND s.month = of_month AND s.number = of_number;
    RETURN follows;
END
$$
