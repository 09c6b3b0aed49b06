"""Runs a program under another user number in a user namespace of its own: `in_namespace.py UID GID PROGRAM …`.

Here: a script for Linux that starts without site packages. Not here: when it is used (`account`).

Inside the namespace the caller's files belong to UID; outside nothing changes owner. Only what the caller may do as
owner of its files remains: the power of root ends with the call of the program.
"""

import ctypes
import errno
import os
import sys

REFUSED = 125
_CLONE_NEWUSER = 0x10000000


def main(uid: str, gid: str, *command: str) -> None:
    """Enters the namespace and becomes the program; ends with `REFUSED` and the reason where the system forbids it."""
    # In this order: the kernel takes a `gid_map` from an ordinary user only once `setgroups` is denied.
    maps = {
        "uid_map": f"{uid} {os.geteuid()} 1",
        "setgroups": "deny",
        "gid_map": f"{gid} {os.getegid()} 1",
    }
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWUSER) != 0:
            number = ctypes.get_errno()
            limit = "no further user namespace is allowed"  # the same number as for a full disk
            sys.stderr.write(f"{limit if number == errno.ENOSPC else os.strerror(number)}\n")
            sys.exit(REFUSED)
        for name, text in maps.items():
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs start-up time
                file.write(text)
        os.execv(command[0], command)  # noqa: S606 - the command is ours
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
