-- Remembers a request of Slack; returns a row where it was not there before.
INSERT INTO slack_requests (request_sha256, at)
VALUES (:digest, :at)
ON CONFLICT DO NOTHING
RETURNING at
