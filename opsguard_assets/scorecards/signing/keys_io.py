"""Where the key that signs comes from: `OPSGUARD_SIGNING_KEY`, or the file that `OPSGUARD_SIGNING_KEY_FILE` names.

Here: reading it, and making one. Not here: signing (`minisign`).
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from opsguard_assets.scorecards.signing.minisign import SignatureError, SigningKey, key_made, key_read

VARIABLE = "OPSGUARD_SIGNING_KEY"


def signing_key(variables: Mapping[str, str]) -> SigningKey | None:
    """The key of the environment; None where none is set.

    Raises:
        SignatureError: When it cannot be read; the message shows nothing of it.
    """
    line, named = variables.get(VARIABLE), variables.get(f"{VARIABLE}_FILE")
    if not line and named:
        try:
            line = Path(named).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SignatureError(f"{VARIABLE}_FILE: {named} cannot be read ({type(error).__name__})") from None
    return key_read(line) if line and line.strip() else None


def new_key() -> SigningKey:
    """A new key, of the system's randomness."""
    return key_made(secrets.token_bytes(40))
