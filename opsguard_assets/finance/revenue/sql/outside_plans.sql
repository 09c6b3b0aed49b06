-- Returns the keys of findings that were kept back because of a plan, each once, however often they were found.
SELECT DISTINCT dedup_key FROM decisions
WHERE decision = :decision AND last_as_of >= :since AND first_as_of <= :as_of
ORDER BY dedup_key
