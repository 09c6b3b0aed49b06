-- Pages show the newest executions of one client; also of what belongs to none.
CREATE INDEX executions_by_client ON executions ((COALESCE(client_id, '')), execution_id)
