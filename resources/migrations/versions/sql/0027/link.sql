-- The next link of the chain: sha256(previous || digest || sha256(of the digests of who signed what, when and why)).
-- The parts are digested one by one, so no two statements have the same bytes. `scorecards/signing/chain.py` agrees.
CREATE FUNCTION scorecard_link(
    previous text, digest text, client text, month date, number integer, who text, at timestamptz, why text
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(
        decode(previous, 'hex') || decode(digest, 'hex') || sha256(
            sha256(convert_to(client, 'UTF8'))
            || sha256(convert_to(to_char(month, 'YYYY-MM'), 'UTF8'))
            || sha256(convert_to(CAST(number AS text), 'UTF8'))
            || sha256(convert_to(who, 'UTF8'))
            || sha256(convert_to(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US"Z"'), 'UTF8'))
            || sha256(convert_to(why, 'UTF8'))
        )
    ), 'hex')
$$
