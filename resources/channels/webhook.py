"""A receiver that is told by signed requests in the form of Standard Webhooks (standardwebhooks.com).

Here: one message as one POST. Not here: what it says, signing (`resources.ticket_system.signature`), trying again.

The receiver may compare `webhook-id`, which stays the same however often a message is handed over. One that does acts
once; for others a message may come twice, and its body says so by the same id.
"""

import time
from dataclasses import dataclass, field

from resources.answers import Answer, Outcome
from resources.channels.handed_over import HandedOver
from resources.posting import post
from resources.ticket_system.signature import standard_headers


@dataclass(frozen=True, kw_only=True)
class WebhookChannel:
    """One receiver.

    Attributes:
        url: Its address; never shown, it may hold a secret.
        signing_secret: What both sides know: `whsec_` and base64, or any text; None: requests are not signed.
        token: Sent as a bearer token; None: none is.
        timeout_seconds: For a connection, and for every wait for bytes of the answer.
    """

    url: str = field(repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30

    def post(self, key: str, body: bytes) -> HandedOver:
        """Hands a message over: JSON in UTF-8, under the key that the receiver may compare."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "OpsGuard",
            **standard_headers(self.signing_secret, key, int(time.time()), body),
        }
        attempt = post(self.url, body, headers, self.token, self.timeout_seconds)
        words = attempt.words
        for secret in filter(None, (self.token, self.signing_secret, self.url)):
            words = words.replace(secret, "***")
        outcome = attempt.outcome or (Outcome.NOT_REACHED if attempt.is_certain else Outcome.UNKNOWN)
        return HandedOver(Answer(outcome, words, attempt.retry_after))
