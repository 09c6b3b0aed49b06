"""How requests to a helpdesk are signed, and how a receiver checks it. Not here: sending (`webhook`)."""

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
