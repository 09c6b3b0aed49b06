"""What goes wrong with the embedded server, as one error with a remedy.

Here: the error and its usual last sentence. Not here: causes; each is told where it is found.
"""

OWN_SERVER = "set OPSGUARD_DATABASE_URL to a PostgreSQL server of your own"


class EmbeddedServerError(RuntimeError):
    """The embedded server did not start; the message says why and what to do."""
