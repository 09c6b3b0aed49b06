"""The embedded PostgreSQL: a real server from a wheel, its data in one folder, no root and no port.

Here: one module per question: who runs it (`account`), what lies where (`place`), which process it is (`processes`),
how its data folder is made and kept (`cluster`), its life from the first process that needs it to the last (`server`).
Not here: what lives in it (`resources.database`).
"""

from resources.postgres.errors import EmbeddedServerError
from resources.postgres.server import ensure_running, start_embedded, stop_embedded

__all__ = ["EmbeddedServerError", "ensure_running", "start_embedded", "stop_embedded"]
