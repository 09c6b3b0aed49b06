-- What contacts of clients were asked, and what they answered. The key lets a contact be asked once a month.
CREATE TABLE satisfaction_questions (
    question_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id text NOT NULL CHECK (client_id <> ''),
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    address text NOT NULL CHECK (address <> ''),
    language text NOT NULL,
    asked_at timestamptz NOT NULL,
    effect_id bigint REFERENCES effects (effect_id),
    score smallint CHECK (score BETWEEN 1 AND 5),
    answered_at timestamptz,
    CHECK ((score IS NULL) = (answered_at IS NULL))
);
CREATE UNIQUE INDEX one_question_per_contact_and_month
    ON satisfaction_questions (client_id, month, lower(address));
CREATE INDEX satisfaction_questions_by_month ON satisfaction_questions (month);
COMMENT ON TABLE satisfaction_questions IS 'one question per client contact and month; the answer, once';
COMMENT ON COLUMN satisfaction_questions.month IS 'the month that is asked about, by its first day';
COMMENT ON COLUMN satisfaction_questions.effect_id IS 'the mail that asks; its state says whether it was sent';
ALTER TABLE link_tokens DROP CONSTRAINT link_tokens_purpose_check;
ALTER TABLE link_tokens ADD CONSTRAINT link_tokens_purpose_check CHECK (purpose IN (
    'acknowledge', 'feedback', 'view', 'approval', 'offer', 'satisfaction'
));
