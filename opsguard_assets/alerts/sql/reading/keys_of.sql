-- Returns the keys that concern something in lower case: an alert's number or key, an entity, site or client, or a part
-- of a key. What a key is of stands behind its type: of a part in a shift it names shift and person, of a gap site and
-- post.
SELECT dedup_key
FROM (
    SELECT dedup_key, lower(substr(dedup_key, strpos(dedup_key, ':') + 1)) AS plain
    FROM (SELECT dedup_key FROM decisions UNION SELECT dedup_key FROM alerts) AS every
) AS keys
WHERE lower(dedup_key) = :what OR plain = :what
   OR starts_with(plain, :what || '/') OR right(plain, length(:what) + 1) = '/' || :what
UNION
SELECT dedup_key
FROM alerts
WHERE CAST(alert_id AS text) = :what OR lower(entity_id) = :what OR lower(site_id) = :what OR lower(client_id) = :what
ORDER BY dedup_key
