"""Detached signatures in the format of minisign, so that finance checks them with public tools and without OpsGuard.

Here: keys and signatures as text, and checking them. Not here: where keys come from (`keys_io`), what is signed.

The format (https://jedisct1.github.io/minisign/): an Ed25519 signature over the BLAKE2b-512 of the file (`ED`), and a
second one over the first and the trusted comment. The secret key is kept without a password of its own: it lies where
secrets lie.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PURE, _HASHED = b"Ed", b"ED"
_ID, _PUBLIC, _SECRET, _SIGNATURE = 8, 32, 32, 64
_LINES = 4
_TRUSTED = "trusted comment: "


class SignatureError(ValueError):
    """A key or a signature cannot be used; the message says why, and shows no secret."""


@dataclass(frozen=True)
class SigningKey:
    """A key that signs.

    Attributes:
        key_id: Eight bytes by which its public key is found.
        seed: The secret; never shown.
    """

    key_id: bytes
    seed: bytes

    def __repr__(self) -> str:
        """Without the secret."""
        return f"SigningKey({self.key_id.hex()})"

    @property
    def public(self) -> str:
        """The public key, as minisign takes it by `-P`."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        raw = _private(self.seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(_PURE + self.key_id + raw).decode()

    @property
    def secret(self) -> str:
        """The secret key as one line, as it stands in the environment."""
        return base64.b64encode(_PURE + self.key_id + self.seed).decode()


def key_made(random: bytes) -> SigningKey:
    """A key of 40 random bytes."""
    return SigningKey(random[:_ID], random[_ID : _ID + _SECRET])


def key_read(line: str) -> SigningKey:
    """The key of a line that `SigningKey.secret` made.

    Raises:
        SignatureError: When it is another text.
    """
    raw = _decoded(line.strip(), "the signing key")
    if len(raw) != len(_PURE) + _ID + _SECRET or raw[: len(_PURE)] != _PURE:
        raise SignatureError("the signing key is not one of `opsguard scorecard key`")
    return SigningKey(raw[2 : 2 + _ID], raw[2 + _ID :])


def signature_of(content: bytes, key: SigningKey, trusted_comment: str) -> str:
    """The text of a signature file (`.minisig`).

    Args:
        content: What is signed.
        key: Who signs.
        trusted_comment: One line that is signed with it.
    """
    comment = " ".join(trusted_comment.split())
    private = _private(key.seed)
    signed = private.sign(hashlib.blake2b(content).digest())
    both = private.sign(signed + comment.encode())
    lines = (
        # minisign shows the identifier as a number whose lowest byte comes first.
        f"untrusted comment: OpsGuard, key {key.key_id[::-1].hex().upper()}",
        base64.b64encode(_HASHED + key.key_id + signed).decode(),
        f"{_TRUSTED}{comment}",
        base64.b64encode(both).decode(),
    )
    return "\n".join(lines) + "\n"


def checked(content: bytes, signature: str, public: str) -> str:
    """The trusted comment of a signature that holds.

    Args:
        content: What was signed.
        signature: The text of the signature file.
        public: The public key, as minisign prints it.

    Raises:
        SignatureError: When it does not hold.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    lines = signature.splitlines()
    if len(lines) < _LINES or not lines[2].startswith(_TRUSTED):
        raise SignatureError("the signature is not a file of minisign")
    key, signed = _decoded(public.strip(), "the public key"), _decoded(lines[1], "the signature")
    if len(key) != len(_PURE) + _ID + _PUBLIC or len(signed) != len(_HASHED) + _ID + _SIGNATURE:
        raise SignatureError("the key or the signature has not the length that minisign's have")
    if key[2 : 2 + _ID] != signed[2 : 2 + _ID]:
        raise SignatureError("the signature was made with another key")
    comment, proof = lines[2].removeprefix(_TRUSTED), signed[2 + _ID :]
    # Signatures of older versions of minisign are over the file itself.
    held = hashlib.blake2b(content).digest() if signed[:2] == _HASHED else content
    try:
        _public(key[2 + _ID :]).verify(proof, held)
        _public(key[2 + _ID :]).verify(_decoded(lines[3], "the signature"), proof + comment.encode())
    except InvalidSignature:
        raise SignatureError("the signature does not hold: the figures or the comment were changed") from None
    return comment


def _private(seed: bytes) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.from_private_bytes(seed)


def _public(raw: bytes) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    return Ed25519PublicKey.from_public_bytes(raw)


def _decoded(line: str, what: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except ValueError:
        raise SignatureError(f"{what} is not written in base64") from None
