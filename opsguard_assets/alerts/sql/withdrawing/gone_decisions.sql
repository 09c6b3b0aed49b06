-- Makes `gone_decisions`: the rows of decisions that withdrawn ticks are part of, and how many of those ticks (`gone`).
CREATE TEMP TABLE gone_decisions ON COMMIT DROP AS
SELECT d.*, (SELECT count(*) FROM gone_ticks AS g
             WHERE NOT g.is_late AND g.as_of BETWEEN d.first_as_of AND d.last_as_of) AS gone
FROM decisions AS d
WHERE d.monitor = :monitor AND (
    (d.decision = 'late tick' AND EXISTS (SELECT FROM gone_ticks AS g WHERE g.is_late AND g.as_of = d.first_as_of))
    OR (d.decision <> 'late tick' AND d.last_as_of >= :since))
