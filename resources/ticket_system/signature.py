"""How requests are signed, and how a receiver checks it: to a helpdesk, and by Standard Webhooks to anybody else.

Here: signatures. Not here: sending (`webhook`, `resources.channels.webhook`).
"""

import base64
import binascii
import hashlib
import hmac

TIMESTAMP_HEADER, SIGNATURE_HEADER, KEY_HEADER = "OpsGuard-Timestamp", "OpsGuard-Signature", "Idempotency-Key"
_SCHEME = "v1="


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256 (RFC 2104) of the timestamp in decimal, a full stop and the body.

    Args:
        secret: What both sides know.
        timestamp: Seconds since 1970 (UTC) at which the request is sent; inside the signature, so that an old request
            cannot be sent again as a new one.
        body: The body as it is sent.
    """
    signed = b"%d." % timestamp + body
    return _SCHEME + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_genuine(secret: str, headers: tuple[str, str], body: bytes, *, now: int, tolerance_seconds: int = 300) -> bool:
    """Whether a request was signed with the secret, not long ago.

    Args:
        secret: What both sides know.
        headers: The values of `OpsGuard-Timestamp` and `OpsGuard-Signature`.
        body: The body as it arrived.
        now: Seconds since 1970 (UTC).
        tolerance_seconds: How far the timestamp may lie from `now`.
    """
    timestamp, signature = headers
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > tolerance_seconds:
        return False
    return hmac.compare_digest(sign(secret, int(timestamp), body).encode(), signature.encode())


_STANDARD_SECRET, _STANDARD_SCHEME = "whsec_", "v1,"


def standard_headers(secret: str | None, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a request by the specification of Standard Webhooks: id, timestamp and signature.

    The signature is the HMAC-SHA256 of id, timestamp and body, joined by full stops, in base64.

    Args:
        secret: `whsec_` and the key in base64; any other text is the key itself; None: there is no signature.
        key: The id of the message: the same however often it is sent.
        timestamp: Seconds since 1970 (UTC) at which the request is sent.
        body: The body as it is sent.
    """
    headers = {"webhook-id": key, "webhook-timestamp": str(timestamp)}
    if secret is None:
        return headers
    signed = f"{key}.{timestamp}.".encode() + body
    digest = hmac.new(_standard_key(secret), signed, hashlib.sha256).digest()
    return {**headers, "webhook-signature": _STANDARD_SCHEME + base64.b64encode(digest).decode()}


def _standard_key(secret: str) -> bytes:
    if not secret.startswith(_STANDARD_SECRET):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_SECRET), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret that begins with whsec_ goes on in base64") from None
