-- Returns the version that an alias of MLflow's registry names. It is read from MLflow's own tables, because a tick
-- cannot wait for MLflow to be imported. `workspace` is part of their keys.
SELECT v.version, v.run_id, v.source
FROM opsguard_mlflow.model_versions AS v
JOIN opsguard_mlflow.registered_model_aliases AS a
  ON (v.workspace, v.name, v.version) = (a.workspace, a.name, a.version)
WHERE a.name = :problem AND a.alias = :value
