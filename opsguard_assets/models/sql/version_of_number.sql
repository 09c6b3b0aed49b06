-- Returns a version of MLflow's registry by its number. The registry counts in integers, the house speaks of texts.
SELECT v.version, v.run_id, v.source
FROM opsguard_mlflow.model_versions AS v
WHERE v.name = :problem AND CAST(v.version AS text) = :value
