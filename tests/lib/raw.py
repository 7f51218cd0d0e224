"""A client that sends the bytes it is told, whatever the grammar says."""

import contextlib
import re
import socket
import time

WAIT_SECONDS = 5
REPLY_BYTES_MAX = 1 << 22


def talk(port, data, wait=WAIT_SECONDS, until_bytes=None, pause=0):
    """Sends data on a connection of its own (a list: piece by piece, with pauses); all that comes
    back until the server ends the connection, until_bytes have come, or wait is over. Second
    value: whether the server ended it."""
    pieces = data if isinstance(data, list) else [data]
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        try:
            while len(received) < REPLY_BYTES_MAX:
                if until_bytes and until_bytes in received:
                    return received, False
                piece = connection.recv(65536)
                if not piece:
                    return received, True
                received += piece
        except ConnectionResetError:
            return received, True
        except TimeoutError:
            pass
    return received, False


def statuses(received):
    """The status of each reply in what came back, in order."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)]
