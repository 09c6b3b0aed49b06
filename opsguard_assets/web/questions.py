"""The pages of approvals and of offers of shifts, and their answers.

Here: what their link shows, and the form below it. Not here: what an answer does (`answering`), other links (`links`).

Looking consumes nothing. The first answer uses the link up, whatever it was; later ones show what it did. Only who
agreed may still deny by it while nothing is decided. Deciding is idempotent by person, so a service that dies between
deciding and using the link up does not count twice. What pages call an answer is what was recorded, not the click.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.views.actions import ANSWERS_OF, APPROVE, DENY
from opsguard_assets.views.attachments import attachment, attachments_of, newest
from opsguard_assets.views.names import names_of
from opsguard_assets.views.questions import ApprovalView, OfferView, approval_view, offer_view
from opsguard_assets.web import tokens
from opsguard_assets.web.answering import answered, needs_second_look
from opsguard_assets.web.pages import page
from opsguard_assets.web.service import Service
from opsguard_assets.web.tokens import Token, TokenError
from opsguard_assets.web.visits import Visit, gone, in_time, visit

_MOST_FIELDS, _LONGEST_NOTE, _MOST_ROWS = 8, 500, 10


def routes(service: Service) -> list[Route]:
    """The route of answers; questions are shown by `links`."""
    return [Route("/a/{token}/answer", _Questions(service).answer, methods=["POST"])]


@dataclass(frozen=True)
class _Questions:
    service: Service

    async def answer(self, request: Request) -> Response:
        """Takes one answer, once."""
        async with in_time(), request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=4_000) as form:
            given = {name: str(value) for name, value in form.items()}
        return await run_in_threadpool(self._answered, request.path_params["token"], given)

    def _answered(self, secret: str, given: dict[str, str]) -> Response:
        visited = visit(self.service, secret)
        if visited is None or visited.subject.kind not in ANSWERS_OF:
            return gone(self.service)
        kinds = ANSWERS_OF[visited.subject.kind]
        if given.get("answer") not in kinds:
            raise HTTPException(400, f"An answer is one of {', '.join(kinds)}.")
        with self.service.database.begin() as connection:
            token = tokens.peek(connection, secret, visited.subject.kind, at=visited.now)
        if token is None:
            return gone(self.service)
        if token.used_at is None or given["answer"] == DENY:
            try:
                self._decided(visited, given)
            except ActionError as error:
                return shown(self.service, visited, notice=str(error), status=409)
        return RedirectResponse(visited.home, status_code=303)

    def _decided(self, visited: Visit, given: dict[str, str]) -> None:
        """Decides, then uses the link up; it keeps the result.

        Raises:
            ActionError: When this person may not, or has not looked twice at what nothing takes back.
        """
        subject, action = visited.subject, given["answer"]
        if needs_second_look(self.service, subject, action) and given.get("sure") != "yes":
            raise ActionError("Nothing takes this back: tick the box above the buttons before you approve.")
        result = answered(
            self.service, subject, action, person_id=visited.token.recipient,
            note=given.get("note", "").strip()[:_LONGEST_NOTE] or None, surface="web", now=visited.now,
        )  # fmt: skip
        done = {**result, "actor": visited.reader.name}
        # Where the link ran out meanwhile, the decision stands all the same.
        with suppress(TokenError), self.service.database.begin() as connection:
            tokens.use(connection, visited.secret, subject.kind, at=visited.now, act=lambda _: done)


def shown(service: Service, visited: Visit, *, notice: str | None = None, status: int = 200) -> Response:
    """The page of the question that a link is about."""
    view = _view(service, visited)
    if view is None:
        return gone(service)
    with service.database.begin() as connection:
        token = tokens.peek(connection, visited.secret, visited.subject.kind, at=visited.now)
        rows = [] if isinstance(view, OfferView) else attachments_of(connection, view.alert["alert_id"])
    found = [attachment(row, visited.reader.zone, most=_MOST_ROWS) for row in newest(rows)]
    may_answer = token is not None and token.used_at is None and view.is_open
    said = view.answer_of(visited.token.recipient)
    may_withdraw = not may_answer and token is not None and view.is_open and said is not None and said.word == APPROVE
    return page(
        visited.subject.kind, status=status, view=view, notice=notice, done=_done(token), said=said,
        may_answer=may_answer, may_withdraw=may_withdraw, attachments=found, **visited.shown,
    )  # fmt: skip


def _view(service: Service, visited: Visit) -> ApprovalView | OfferView | None:
    number = visited.subject.number
    if visited.subject.kind == "approval":
        return approval_view(service.database, service.lake, number, visited.now)
    return offer_view(service.database, partial(names_of, service.lake), number, visited.now)


def _done(token: Token | None) -> Token | None:
    """What the link was used for; None where it was not."""
    return token if token is not None and token.used_at is not None else None
