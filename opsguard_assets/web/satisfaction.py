"""The page of the question whether a client is satisfied, and its answer.

Here: what its link shows, and the form. Not here: what an answer means (`opsguard_assets.satisfaction`), other links.

Looking answers nothing, however often scanners of mail follow the link. The first press answers and uses the link up;
the page then says what was answered. A second link to the same question, of a mail that was sent again, answers nothing
more.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from opsguard_assets.satisfaction.answers_io import SCORES, answer, question
from opsguard_assets.views.actions import subject_of
from opsguard_assets.web import tokens
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import SATISFACTION, Token, TokenError
from opsguard_assets.web.visits import Visit, gone, in_time

_MOST_FIELDS = 4


def routes(service: Service) -> list[Route]:
    """The route of answers; the question is shown by `links`."""
    return [Route("/a/{token}/satisfaction", _Satisfaction(service).answer, methods=["POST"])]


@dataclass(frozen=True)
class _Satisfaction:
    service: Service

    async def answer(self, request: Request) -> Response:
        """Takes one answer, once."""
        async with in_time(), request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=1_000) as form:
            given = str(form.get("score", ""))
        if given not in {str(each) for each in SCORES}:
            raise HTTPException(400, f"An answer is one of {', '.join(str(each) for each in SCORES)}.")
        return await run_in_threadpool(self._answered, request.path_params["token"], int(given))

    def _answered(self, secret: str, score: int) -> Response:
        now = self.service.now()
        try:
            with self.service.database.begin() as connection:

                def do(token: Token) -> dict[str, int]:
                    return {"score": answer(connection, subject_of(token.subject).number, score, now)}

                tokens.use(connection, secret, SATISFACTION, at=now, act=do)
        except TokenError:
            return gone(self.service)
        return RedirectResponse(f"/a/{secret}", status_code=303)


def shown(service: Service, visited: Visit) -> Response:
    """The page of the question that a link is about."""
    with service.database.begin() as connection:
        asked = question(connection, visited.subject.number)
    if asked is None:
        return gone(service)
    return page("satisfaction", words=asked.words, score=asked.score, **visited.shown)
