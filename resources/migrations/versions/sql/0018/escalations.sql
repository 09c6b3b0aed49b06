-- Notices of escalations on which somebody has decided who is told, and by which channel.
ALTER TABLE escalation_notices ADD COLUMN decided_at timestamptz;
CREATE INDEX escalation_notices_undecided ON escalation_notices (created_at) WHERE decided_at IS NULL
