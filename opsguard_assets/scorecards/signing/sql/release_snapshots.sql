-- Unpins snapshots that no signed or sent scorecard was made of: those that no scorecard refers to any more after a
-- while, and those that nobody signed for long. Returns their numbers.
WITH ended AS (
    UPDATE scorecard_snapshots AS s SET released_at = :now
    WHERE s.released_at IS NULL AND s.made_at < :unused_before
    AND NOT EXISTS (
        SELECT FROM scorecards AS c
        WHERE c.snapshot_id = s.snapshot_id
        AND (c.signed_at IS NOT NULL OR c.sent_at IS NOT NULL OR s.made_at >= :unsigned_before)
    )
    RETURNING s.snapshot_id
),
unpinned AS (
    DELETE FROM lake_pins AS p USING ended WHERE p.reason = 'scorecards, snapshot ' || ended.snapshot_id
)
SELECT snapshot_id FROM ended
