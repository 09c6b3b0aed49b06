"""Who acts by a command: the option of all commands that act, and the name that histories keep.

Here: the option and its default. Not here: what is done.
"""

import getpass
from typing import Annotated

import typer

ActorOption = Annotated[str | None, typer.Option("--by", help="Who acts. Default: the current user.")]


def actor_of(by: str | None) -> str:
    """The acting user, for the history.

    Raises:
        BadParameter: When nobody is named and the system does not know the current user.
    """
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        raise typer.BadParameter("the current user is unknown; give a name with --by NAME") from None
