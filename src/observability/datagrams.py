"""Sends each line of standard input as one datagram to a Unix socket, which Node.js cannot do.

Arguments: the path of the socket (a leading @ means the abstract namespace), and `keep` or `drop`.
With `keep`, a line that the receiver does not take waits until the receiver takes it. With `drop`,
such a line is lost, and a zero byte in a line stands for a newline within the datagram. Writes a
zero byte to standard output when it is ready, a one when a line has waited for two seconds, and a
zero when that line was sent. Ends at the end of standard input, or when the service has ended.
"""

import errno
import os
import signal
import socket
import sys
import time

path, policy = sys.argv[1:]
address = "\0" + path[1:] if path.startswith("@") else path
parent = os.getppid()
for name in "PIPE", "INT", "TERM", "HUP":
    signal.signal(getattr(signal, "SIG" + name), signal.SIG_IGN)


def connected():
    """Returns a connected socket; None if there is no receiver at the moment."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        opened.connect(address)
        return opened
    except (FileNotFoundError, ConnectionRefusedError, PermissionError):
        opened.close()
        return None


def sent(line):
    """Sends the line. Returns False if it has to be tried again."""
    global receiver
    if receiver is None:
        receiver = connected()
        if receiver is None:
            return False
    try:
        receiver.send(line)
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            receiver.close()
            receiver = None
            return False
    return True


receiver = None
os.write(1, b"\0")
for text in sys.stdin.buffer:
    pause = 0.01
    line = text.rstrip(b"\n")
    if policy == "drop":
        line = line.replace(b"\0", b"\n")
    since = time.monotonic()
    stalled = False
    while not sent(line):
        if policy == "drop":
            break
        if os.getppid() != parent:
            sys.exit(1)
        if not stalled and time.monotonic() - since > 2:
            stalled = True
            os.write(1, b"\1")
        time.sleep(pause)
        pause = min(pause * 2, 0.2)
    if stalled:
        os.write(1, b"\0")
