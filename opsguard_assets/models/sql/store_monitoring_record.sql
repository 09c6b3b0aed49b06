-- Stores a monitoring record. A record of the same version and moment is replaced.
INSERT INTO model_watch (problem, version, as_of, is_useful, wants_training, words, figures)
VALUES (:problem, :version, :as_of, :is_useful, :wants_training, :words, CAST(:figures AS jsonb))
ON CONFLICT (problem, version, as_of) DO UPDATE SET
    is_useful = EXCLUDED.is_useful, wants_training = EXCLUDED.wants_training, words = EXCLUDED.words,
    figures = EXCLUDED.figures
