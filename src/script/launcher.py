"""Starts scripts for the service, which is too big to be forked for each of them.

Reads requests from standard input and writes frames to standard output; launcher-process.ts is the other end and describes both.
Each script gets a session, three pipes and a record (run-record.ts) of its own, so that nothing of one reaches another. When
standard input ends, the service is no more (or is done): the groups of all running scripts are ended, and the launcher with them.

Python, as its posix_spawn starts a script without copying the process first, which would cost more than all the rest here.
"""

import errno
import os
import select
import signal
import struct
import time

READ_BYTES = 65536
FORWARD_BYTES = 1048576
FLOOD_BYTES = 524288
FLOOD_REST_SECONDS = 0.01
RECORD_FD = 57
NUMBER = struct.Struct(">I")
FRAME = struct.Struct(">cII")
HEAD = struct.Struct(">IIII")


class Job:
    __slots__ = ("id", "grace", "input", "sink", "record", "streams", "room", "lines", "bytes")

    def __init__(self, id, grace, input, sink, record):
        self.id, self.grace, self.input, self.sink, self.record = id, grace, memoryview(input), sink, record
        self.streams = {}
        self.room, self.lines, self.bytes = FORWARD_BYTES, 0, 0


job_of_pid, job_of_source, job_of_sink, resting_until = {}, {}, {}, {}
record_of_outlived = {}
requests, frames = bytearray(), []
poll = select.epoll()


def frame(type, id, data=b""):
    frames.append(FRAME.pack(type, id, len(data)))
    frames.append(data)


def send_frames():
    unsent = memoryview(b"".join(frames))
    frames.clear()
    while unsent:
        try:
            unsent = unsent[os.write(1, unsent) :]
        except OSError:
            end_all()


def take_requests():
    try:
        got = os.read(0, 4 * READ_BYTES)
    except ConnectionError:
        got = b""
    if not got:
        end_all()
    requests.extend(got)
    at = 0
    while len(requests) - at >= 4:
        end = at + 4 + NUMBER.unpack_from(requests, at)[0]
        if len(requests) < end:
            break
        start(bytes(requests[at + 4 : end]))
        at = end
    del requests[:at]


def start(request):
    id, grace, arguments, count = HEAD.unpack_from(request)
    if count == 0:
        settle(id, grace)
        return
    strings, at = [], HEAD.size
    for _ in range(count):
        begin = at + 4
        at = begin + NUMBER.unpack_from(request, at)[0]
        strings.append(request[begin:at])
    environment = dict(string.split(b"=", 1) for string in strings[arguments:-1])
    opened = []
    try:
        for _ in range(3):
            opened += os.pipe()
        given, sink, out, told, err, complained = opened
        actions = [(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate((given, told, complained))]
        record = open_record(strings[arguments:-1])
        if record is not None:
            opened.append(record)
            actions.append((os.POSIX_SPAWN_DUP2, record, RECORD_FD))
        job = Job(id, grace / 1000, strings[-1], sink, record)
        os.set_blocking(sink, False)
        pid = os.posix_spawn(strings[0], strings[:arguments], environment, file_actions=actions, setsid=True)
    except (OSError, ValueError) as fault:
        for fd in opened:
            os.close(fd)
        # A ValueError is about strings that no program can be given.
        frame(b"F", id, b"%d" % getattr(fault, "errno", errno.EINVAL))
        return
    write_down(record, b"PROV_GROUP=%d" % pid)
    for fd in (given, told, complained):
        os.close(fd)
    job_of_pid[pid] = job
    job_of_sink[sink] = job
    for fd, stream in ((out, b"O"), (err, b"E")):
        # What is read may be another pipe than the one that poll spoke of, where that was closed and its number given away.
        os.set_blocking(fd, False)
        job.streams[fd] = stream
        job_of_source[fd] = job
        poll.register(fd, select.EPOLLIN)
    frame(b"S", id, b"%d" % pid)
    poll.register(sink, select.EPOLLOUT)
    feed(sink)


def open_record(environment):
    """The record of a run, as run-record.ts describes it; None where the system gives none, and the script runs without."""
    try:
        record = os.memfd_create("prov-backup-rsnapshot")
    except (OSError, AttributeError):
        return None
    write_down(record, *environment)
    return record


def write_down(record, *lines):
    try:
        if record is not None:
            os.write(record, b"\0".join(lines) + b"\0")
    except OSError:
        pass  # short of memory: the script matters more


def settle(id, ended):
    """The service knows how a run came to its end that something outlived."""
    record = record_of_outlived.pop(id, None)
    if record is not None:
        if ended:
            write_down(record, b"PROV_ENDED=1")
        os.close(record)


def feed(sink):
    """Writes what the pipe takes of a script's input; a script that does not read it stops nobody."""
    job = job_of_sink[sink]
    try:
        job.input = job.input[os.write(sink, job.input) :]
    except BlockingIOError:
        return
    except OSError:
        job.input = b""
    if not job.input:
        drop_sink(job)


def drop_sink(job):
    del job_of_sink[job.sink]
    poll.unregister(job.sink)
    os.close(job.sink)
    job.sink = None


def forward(fd):
    """Passes output on, up to a bound for each script; the rest is counted, and read slowly. Returns how much came."""
    job = job_of_source[fd]
    try:
        chunk = os.read(fd, READ_BYTES)
    except BlockingIOError:
        return 0
    if not chunk:
        drop_source(fd)
        return 0
    kept, left_out = chunk[: job.room], chunk[job.room :]
    if kept:
        job.room -= len(kept)
        frame(job.streams[fd], job.id, kept)
    if left_out:
        before = job.bytes // FLOOD_BYTES
        job.bytes += len(left_out)
        job.lines += left_out.count(b"\n")
        if job.bytes // FLOOD_BYTES > before and fd not in resting_until:
            poll.unregister(fd)
            resting_until[fd] = time.monotonic() + FLOOD_REST_SECONDS
    return len(chunk)


def drop_source(fd):
    job = job_of_source.pop(fd)
    del job.streams[fd]
    if resting_until.pop(fd, None) is None:
        poll.unregister(fd)
    os.close(fd)


def wake_resting():
    now = time.monotonic()
    for fd in [fd for fd, until in resting_until.items() if until <= now]:
        del resting_until[fd]
        poll.register(fd, select.EPOLLIN)


def reap():
    """A script's end is reported with what it wrote until then; what a child of it writes later goes nowhere."""
    while job_of_pid:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        job = job_of_pid.pop(pid)
        for fd in list(job.streams):
            left = FORWARD_BYTES
            while left > 0 and (got := forward(fd)):
                left -= got
            if fd in job_of_source:
                drop_source(fd)
        if job.sink is not None:
            drop_sink(job)
        outlived = job.record is not None and end_group(pid, 0)
        if outlived:
            record_of_outlived[job.id] = job.record
        elif job.record is not None:
            os.close(job.record)
        frame(b"X", job.id, b"%d %d %d %d" % (status, job.lines, job.bytes, outlived))


def end_all():
    grace_of_group = {pid: job.grace for pid, job in job_of_pid.items()}
    for group in grace_of_group:
        end_group(group, signal.SIGTERM)
    began = time.monotonic()
    while grace_of_group:
        while job_of_pid and (pid := os.waitpid(-1, os.WNOHANG)[0]):
            del job_of_pid[pid]
        for group, grace in list(grace_of_group.items()):
            over = time.monotonic() - began >= grace
            if not end_group(group, signal.SIGKILL if over else 0) or over:
                del grace_of_group[group]
        time.sleep(0.02)
    os._exit(0)


def end_group(group, number):
    """Sends a signal; says whether there is still somebody to get it."""
    try:
        os.killpg(group, number)
        return True
    except OSError:
        return False


# What is sent to everybody must not end what ends the scripts. Caught, not ignored: exec makes that the default again.
for name in ("CHLD", "PIPE", "XFSZ", "TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM"):
    signal.signal(getattr(signal, "SIG" + name), lambda *_: None)
died, tell_death = os.pipe()
for end in (died, tell_death):
    os.set_blocking(end, False)
signal.set_wakeup_fd(tell_death, warn_on_full_buffer=False)
poll.register(0, select.EPOLLIN)
poll.register(died, select.EPOLLIN)
frame(b"H", 0)
while True:
    send_frames()
    for fd, _ in poll.poll(FLOOD_REST_SECONDS if resting_until else None):
        if fd == 0:
            take_requests()
        elif fd == died:
            os.read(died, READ_BYTES)
            reap()
        elif fd in job_of_source:
            forward(fd)
        elif fd in job_of_sink:
            feed(fd)
    if resting_until:
        wake_resting()
