-- Makes `gone`: alerts whose condition no finding of the tick holds any more, and those that a finding's mark ends. An
-- alert of a mark that ends it goes on under another alert, or is over without having cleared.
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT a.alert_id, a.dedup_key, a.state, a.severity, f.withheld AS mark, f.told_by
FROM alerts AS a LEFT JOIN f USING (dedup_key)
WHERE a.state <> 'resolved' AND a.alert_type = ANY (CAST(:alert_types AS text[]))
  AND (f.dedup_key IS NULL OR f.withheld = ANY (CAST(:ending AS text[])))
