"""The pages of executions: one with its steps, the newest of a client, plots of attachments; the ladder of autonomy.

Here: routes below `/a/<token>/executions`, `/a/<token>/autonomy`, and pictures. Not here: composing them
(`views.executions`), the ladder (`remediation.autonomy`), tokens.

A link reaches the executions of its own client and no others, and only where its reader works for the provider. So it
is with the ladder, whose figures are of all clients together. The link of an offer reaches none: somebody who is asked
to take a shift need not know the rest.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsguard_assets.remediation.autonomy.io import ladder_at
from opsguard_assets.views import executions as view
from opsguard_assets.views.actions import Subject
from opsguard_assets.views.attachments import plot_of
from opsguard_assets.web.gate import may_be_seen
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.visits import gone, holds_alert, visit

# A picture runs nothing and loads nothing, also where it is opened by itself; its own style colours it.
_PICTURE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"}


def routes(service: Service) -> list[Route]:
    """The routes of executions."""
    pages = _Executions(service)
    return [
        Route("/a/{token}/executions", pages.newest, methods=["GET"]),
        Route("/a/{token}/executions/{number:int}", pages.one, methods=["GET"]),
        Route("/a/{token}/autonomy", pages.ladder, methods=["GET"]),
        Route("/a/{token}/alerts/{number:int}/plots/{attachment:int}", pages.plot, methods=["GET"]),
    ]


@dataclass(frozen=True)
class _Executions:
    service: Service

    async def newest(self, request: Request) -> Response:
        """The newest executions of the client, and their playbooks."""
        return await run_in_threadpool(self._newest, request.path_params["token"])

    async def one(self, request: Request) -> Response:
        """One execution of the client."""
        return await run_in_threadpool(self._one, request.path_params["token"], request.path_params["number"])

    async def ladder(self, request: Request) -> Response:
        """How much each playbook may do by itself, and why."""
        return await run_in_threadpool(self._ladder, request.path_params["token"])

    async def plot(self, request: Request) -> Response:
        """The picture of an attachment of an alert that the link reaches."""
        given = request.path_params
        return await run_in_threadpool(self._plot, given["token"], given["number"], given["attachment"])

    def _newest(self, secret: str) -> Response:
        visited = visit(self.service, secret)
        if visited is None or not visited.sees_inside:
            return gone(self.service)
        with self.service.database.begin() as connection:
            about = view.whose(connection, visited.subject)
            rows = view.newest(connection, about.client_id) if about else []
        if about is None:
            return gone(self.service)
        return page("executions", rows=rows, playbooks=view.playbooks_in(rows), **visited.shown)

    def _ladder(self, secret: str) -> Response:
        visited = visit(self.service, secret)
        if visited is None or not visited.sees_inside:
            return gone(self.service)
        database, chosen = self.service.database, self.service.settings.remediation
        with database.begin() as connection:
            about = view.whose(connection, visited.subject)
        if about is None:
            return gone(self.service)
        return page("autonomy", rows=ladder_at(database, chosen, visited.now), chosen=chosen, **visited.shown)

    def _one(self, secret: str, number: int) -> Response:
        visited = visit(self.service, secret)
        if visited is None or not visited.sees_inside:
            return gone(self.service)
        with self.service.database.begin() as connection:
            about = view.whose(connection, visited.subject)
        database, lake = self.service.database, self.service.lake
        found = view.execution_view(database, lake, number, about.client_id, visited.now) if about else None
        if found is None:
            return gone(self.service)
        with database.begin() as connection:
            if not may_be_seen(self.service, connection, Subject("alert", found.row["alert_id"]), visited.now):
                return gone(self.service)
            holds = holds_alert(self.service, connection, visited, found.row["alert_id"])
        return page("execution", view=found, holds_alert=holds, **visited.shown)

    def _plot(self, secret: str, number: int, attachment: int) -> Response:
        visited = visit(self.service, secret)
        picture = None
        if visited is not None and visited.sees_inside:
            with self.service.database.begin() as connection:
                if holds_alert(self.service, connection, visited, number):
                    picture = plot_of(connection, number, attachment)
        if picture is None:
            return gone(self.service)
        return Response(picture, media_type="image/svg+xml", headers=_PICTURE)
