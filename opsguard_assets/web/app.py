"""The application: routes, and what stands around them. The console grows on it.

Here: one list of routes, the order of protections, errors, health. Not here: any page (`links`), and listening.

From outside to inside: headers of every answer (`safety.SafeHeaders`), who may ask (`resources.guard.Guard`: Host,
Origin, Sec-Fetch-Site), how often (`safety.RateLimit`), how much (`RequestBodyLimitMiddleware`), the routes.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from opsguard_assets.web import executions, links, questions, satisfaction, slack
from opsguard_assets.web.pages import page, style
from opsguard_assets.web.safety import RateLimit, SafeHeaders
from opsguard_assets.web.service import Service
from resources.database import DatabaseError
from resources.guard import App, Guard
from resources.room import StorageError

# A form is some words; a click of Slack holds the message that it is on, at most 50 blocks of 3,000 characters.
LARGEST_BODY = 512 * 1024
_SAID = {404: "There is no such page.", 405: "This page cannot be used that way.", 413: "That was too much at once."}
_log = logging.getLogger("opsguard.web")


def create_app(service: Service) -> App:
    """The application of a service."""
    own = _Own(service)
    inner = Starlette(
        routes=[
            Route("/", own.start, methods=["GET"]),
            Route("/health", own.health, methods=["GET"]),
            Route("/style.css", own.style, methods=["GET"]),
            *links.routes(service),
            *questions.routes(service),
            *satisfaction.routes(service),
            *executions.routes(service),
            *slack.routes(service),
        ],
        # Inside what handles errors of ours: it ends a request that is too large by an error of its own.
        middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)],
        exception_handlers={HTTPException: own.refused, Exception: own.failed},
    )
    web = service.settings.web
    limited = RateLimit(inner, web.requests_per_minute, time.monotonic)
    guarded: Any = SafeHeaders(Guard(limited, names=web.names, has_secret_links=True))
    made: App = ProxyHeadersMiddleware(guarded, list(web.proxies)) if web.proxies else guarded  # type: ignore[assignment]
    return made


@dataclass(frozen=True)
class _Own:
    service: Service

    async def start(self, _: Request) -> Response:
        """What stands at the beginning."""
        return page("start", now=self.service.now(), zone=self.service.zone)

    async def style(self, _: Request) -> Response:
        """The stylesheet."""
        return style()

    async def health(self, _: Request) -> Response:
        """Whether the service and its database answer; says nothing else."""
        try:
            await run_in_threadpool(self._ask)
        except (DatabaseError, StorageError):
            return JSONResponse({"status": "the database does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    def _ask(self) -> None:
        with self.service.database.begin() as connection:
            connection.execute(text("SELECT 1"))

    async def refused(self, _: Request, error: Exception) -> Response:
        """An error that a request made."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = _SAID.get(status, error.detail) if isinstance(error, HTTPException) else ""
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        answer = page("refused", status=status, now=self.service.now(), zone=self.service.zone, words=words)
        answer.headers.update(headers)
        return answer

    async def failed(self, _: Request, error: Exception) -> Response:
        """An error of ours: the log has it, the page does not."""
        _log.error("a page failed", exc_info=error)
        words = "OpsGuard could not do that now. Try again in a minute, or use `opsguard` on the command line."
        return page("refused", status=500, now=self.service.now(), zone=self.service.zone, words=words)
