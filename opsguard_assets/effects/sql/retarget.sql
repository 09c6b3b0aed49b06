-- Planned effects go to the target that is configured now; nothing of them was handed over, or certainly in vain.
UPDATE effects SET target = :target
WHERE kind = :kind AND state = 'planned' AND target <> :target
