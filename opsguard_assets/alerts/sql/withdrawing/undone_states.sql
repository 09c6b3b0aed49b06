-- Makes `undone_states`: the states of the alerts concerned before anything is changed, to count what is reopened.
CREATE TEMP TABLE undone_states ON COMMIT DROP AS
SELECT alert_id, state FROM alerts WHERE alert_id IN (SELECT alert_id FROM undone)
