-- Moves playbooks to other modes, each unless somebody moved it meanwhile, and notes why.
WITH given AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        playbook text, mode text, to_mode text, reason text, figures jsonb)
), moved AS (
    UPDATE playbooks AS p SET mode = g.to_mode, mode_since = :now, mode_reason = g.reason
    FROM given AS g WHERE p.playbook = g.playbook AND p.mode = g.mode
    RETURNING p.playbook, g.mode, g.to_mode, g.reason, g.figures
)
INSERT INTO playbook_modes (playbook, at, actor, from_mode, to_mode, reason, figures)
SELECT playbook, :now, :actor, mode, to_mode, reason, figures FROM moved
