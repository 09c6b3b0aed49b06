"""The addresses of the stores, read once from environment variables, never at import.

Here: `OPSGUARD_*` and their `*_FILE` forms for secrets. Not here: opening what they name.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from resources.addresses import AddressError, check_address

HOME, LAKE, DATABASE_URL, CONFIG = (
    "OPSGUARD_HOME",
    "OPSGUARD_LAKE",
    "OPSGUARD_DATABASE_URL",
    "OPSGUARD_CONFIG",
)

# What the libraries of the lake take for a part of an address or of a partition.
_NO_LAKE = re.compile(r"[\[\]^|\\=]|%[0-9A-Fa-f]{2}")


@contextmanager
def variables(own: Mapping[str, str]) -> Iterator[None]:
    """Variables of this process and its children for a while; afterwards each is as it was before.

    The next command of the same process would otherwise write into the lake of the last one.
    """
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class EnvironmentVariableError(ValueError):
    """The environment contradicts itself; the message says which variable and what to do."""


@dataclass(frozen=True)
class Environment:
    """The addresses of the stores of one installation.

    Attributes:
        home: Folder of everything that OpsGuard keeps on this machine.
        lake: The folder of the lake (`check_lake`: object stores cannot hold one yet).
        database_url: A PostgreSQL server; None means the embedded one under `home`.
        config: The `opsguard.yaml` in force; None means the built-in demo.
    """

    home: Path
    lake: str
    database_url: SecretStr | None
    config: Path | None

    @property
    def embedded_data(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.home / "postgres"

    @property
    def dagster_home(self) -> Path:
        """`DAGSTER_HOME` of this installation."""
        return self.home / "dagster"

    @property
    def dlt_home(self) -> Path:
        """Working folder of the loaders: packages that a crash left are finished from here."""
        return self.home / "dlt"

    @property
    def simulated(self) -> Path:
        """Where the built-in demo writes its records."""
        return self.home / "simulated"

    @property
    def mlflow_artifacts(self) -> Path:
        """Where MLflow keeps models and plots by default."""
        return self.home / "mlflow"


def check_lake(place: Environment) -> None:
    """Refuses a lake that is not a folder: object stores cannot hold one yet.

    Raises:
        EnvironmentVariableError: When it is one.
    """
    if "://" in place.lake and not place.lake.startswith("file://"):
        scheme = place.lake.split("://")[0]
        raise EnvironmentVariableError(
            f"{LAKE} names an object store ({scheme}://…), and OpsGuard cannot keep its lake there yet. Set {LAKE} to "
            "a folder, which may be a mounted network drive, or unset it"
        )


def secret(variables: Mapping[str, str], name: str) -> str | None:
    """The value of a variable, or the text of the file that `<name>_FILE` names.

    Raises:
        EnvironmentVariableError: When both are set, or the file cannot be read.
    """
    value, file = variables.get(name), variables.get(f"{name}_FILE")
    if value and file:
        raise EnvironmentVariableError(f"{name} and {name}_FILE are both set; keep one of them")
    if file is None:
        return value or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise EnvironmentVariableError(f"{name}_FILE names {file}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:  # its own message would show bytes of the secret
        raise EnvironmentVariableError(f"{name}_FILE names {file}, which is no UTF-8 text") from None


def read_environment(variables: Mapping[str, str]) -> Environment:
    """The addresses that `variables` (usually `os.environ`) name, with embedded defaults.

    Raises:
        EnvironmentVariableError: When a variable contradicts another one.
    """
    home = Path(variables.get(HOME) or ".opsguard").expanduser().resolve()
    lake = variables.get(LAKE) or str(home / "lake")
    if "://" not in lake and (sign := _NO_LAKE.search(lake)):
        name = LAKE if variables.get(LAKE) else HOME
        raise EnvironmentVariableError(
            f"{name} means a lake in {lake}: Delta tables cannot lie in a folder with {sign.group()!r} in its path; "
            f"set {name} to a folder without it"
        )
    url = secret(variables, DATABASE_URL)
    if url is not None:
        try:
            check_address(url)
        except AddressError as error:
            raise EnvironmentVariableError(f"{DATABASE_URL}: {error}") from None
    config = variables.get(CONFIG)
    return Environment(
        home=home,
        lake=lake,
        database_url=SecretStr(url) if url else None,
        config=Path(config).expanduser().resolve() if config else None,
    )
