-- Where the message of a notice is, once it was sent: an approval or an offer is edited when somebody has decided.
ALTER TABLE notices ADD COLUMN reference jsonb;
COMMENT ON COLUMN notices.reference IS 'where its message is, if it asks for a decision: channel and timestamp in Slack, Message-ID of a mail'
