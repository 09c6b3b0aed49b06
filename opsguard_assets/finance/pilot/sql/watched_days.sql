-- Returns on how many days of a zone within a period any monitor settled a tick.
SELECT count(DISTINCT CAST(as_of AT TIME ZONE :zone AS date))
FROM monitor_ticks
WHERE as_of >= :since AND as_of < :until
