"""Put on ``PYTHONPATH``: this Python and its children may open sockets on this machine only; every other try is refused
and written to the file that ``MESOKG_NETWORK_TRIES`` names, so that a program that hides the refusal is seen too.
"""

import os
import sys

_LOOPBACK = {"localhost", "127.0.0.1", "::1", "", None}
_WATCHED = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def _host(event: str, args: tuple) -> object:
    """The host that is reached for; None for sockets of files and pipes."""
    address = args[1] if event in ("socket.connect", "socket.sendto", "socket.sendmsg") else args[0]
    if isinstance(address, tuple):
        address = address[0]
    elif event.startswith(("socket.connect", "socket.send")):
        return None  # the path of a Unix socket, or a socket that is connected already
    return address.decode() if isinstance(address, bytes) else address


def _guard(event: str, args: tuple) -> None:
    if event not in _WATCHED:
        return
    host = _host(event, args)
    if host in _LOOPBACK or str(host).startswith("127."):
        return
    with open(os.environ.get("MESOKG_NETWORK_TRIES", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{event} {host}\n")
    raise PermissionError(f"{event}: {host} is not this machine")


sys.addaudithook(_guard)
