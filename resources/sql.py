"""Statements of the database by name: each lies in a `.sql` file beside the module that runs it.

Here: finding and reading them. Not here: what they say, and running them (`database`).

The file of `statement(__name__, "settling/plan")` is `sql/settling/plan.sql` in the package of the calling module. It
begins with a comment that says what the statement returns or changes, and why anything odd is there.
"""

import importlib.resources
import importlib.util
import re
from functools import cache

from sqlalchemy import TextClause, text

# SQLAlchemy reads `:word` in a comment as a parameter, so comments stay in the file.
_COMMENT = re.compile(r"^\s*--.*\n?", re.MULTILINE)


@cache
def statement(module: str, name: str) -> TextClause:
    """A statement, read once per process.

    Args:
        module: `__name__` of the calling module; or a package, for the statements of its modules.
        name: The file below `sql/` in that module's package, without its ending; folders are separated by `/`.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it does not begin with a comment or holds nothing else.
    """
    spec = importlib.util.find_spec(module)
    package = (spec and spec.parent) or module
    file = importlib.resources.files(package).joinpath("sql", *f"{name}.sql".split("/"))
    words = file.read_text(encoding="utf-8")
    body = _COMMENT.sub("", words).strip()
    if not words.startswith("--") or not body:
        raise ValueError(
            f"{file}: a file of SQL begins with a comment that says what it does, then comes the statement."
        )
    return text(body)
