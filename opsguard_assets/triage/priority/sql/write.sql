-- Writes the priorities of `found`.
INSERT INTO alert_priorities (alert_id, opening, as_of, action_probability, priority, hourly_harm, reasons, basis,
                              model_name, model_version, model_run_id)
SELECT alert_id, opening, :as_of, action_probability, priority, hourly_harm, reasons, basis,
       model_name, model_version, model_run_id
FROM found
ON CONFLICT (alert_id) DO UPDATE SET
    opening = excluded.opening, as_of = excluded.as_of, action_probability = excluded.action_probability,
    priority = excluded.priority, hourly_harm = excluded.hourly_harm, reasons = excluded.reasons,
    basis = excluded.basis, model_name = excluded.model_name, model_version = excluded.model_version,
    model_run_id = excluded.model_run_id
