"""Documents behind links: a scorecard as a page, as it was kept when it was sent.

Here: a kept file by a link. Not here: making it (`scorecards.forms.html`), keeping it (`resources.kept_files`).
"""

from typing import Final

from starlette.responses import HTMLResponse, Response

from opsguard_assets.web import tokens
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import VIEW
from resources.kept_files import KeptFileError, kept_files

# The page names its one style sheet by digest in a policy of its own; of two policies a browser keeps both.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def shown(service: Service, secret: str) -> Response | None:
    """The document that a link shows; None where the link does not work, is about something else, or it is gone."""
    with service.database.begin() as connection:
        token = tokens.peek(connection, secret, VIEW, at=service.now())
    digest = tokens.document_of(token) if token else None
    if digest is None:
        return None
    try:
        content = kept_files(service.lake).read(digest)
    except KeptFileError:
        return None
    return HTMLResponse(content, headers={"content-security-policy": _POLICY})
