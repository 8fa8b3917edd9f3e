"""Starts scripts for the service, whose process is too large to be copied for each of them.

Reads requests from standard input and writes frames to standard output. launcher-process.ts is the
other end, and describes both. The arguments are the file and the text of the launcher's own record.

Each script gets a session, three pipes and a record (run-record.ts) of its own, so that no script
can disturb another. When standard input ends, the service is dead, or needs no scripts any more.
The launcher then ends the process groups of all running scripts, and itself.

States of a run: requested -> refused (no record, or not started), or running -> ended (reaped).
A running script ends by itself, at its deadline (SIGKILL), or with the service (SIGTERM, and
SIGKILL after its grace).

It is written in Python because posix_spawn there starts a script without copying the process.
Copying it would cost more than everything else in this file.
"""

import errno
import os
import select
import signal
import struct
import sys
import time

READ_BYTES = 65536
FORWARD_BYTES = 1048576
FLOOD_BYTES = 524288
FLOOD_REST_SECONDS = 0.01
STARTED_WAITS_SECONDS = 0.005
RECORD_FD = 57
# posix_spawn resets a signal that is named with one system call. Others take two.
SIGNALS = signal.valid_signals()
NANOSECONDS_OF_TICK = 1000000000 // os.sysconf("SC_CLK_TCK")
NUMBER = struct.Struct(">I")
FRAME = struct.Struct(">cII")
HEAD = struct.Struct(">IIQII")


class Job:
    __slots__ = ("id", "grace", "deadline", "input", "sink", "record", "streams", "room", "lines", "bytes")

    def __init__(self, id, grace, deadline, input, sink, record):
        self.id, self.grace, self.deadline = id, grace, deadline
        self.input, self.sink, self.record = memoryview(input), sink, record
        self.streams = {}
        self.room, self.lines, self.bytes = FORWARD_BYTES, 0, 0


job_of_pid, job_of_source, job_of_sink, resting_until = {}, {}, {}, {}
requests, frames = bytearray(), []
# Frames that report a start. They wait a moment for further frames, so that the service wakes up
# only once for a script that ends immediately.
started, started_since = [], 0
poll = select.epoll()


def frame(type, id, data=b""):
    frames.append(FRAME.pack(type, id, len(data)))
    frames.append(data)


def send_frames():
    unsent = memoryview(b"".join(started + frames))
    started.clear()
    frames.clear()
    while unsent:
        try:
            unsent = unsent[os.write(1, unsent) :]
        except OSError:
            end_all()


def take_requests():
    try:
        got = os.read(0, READ_BYTES)
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
    id, grace, deadline, arguments, count = HEAD.unpack_from(request)
    if count == 0:
        extend(id, deadline)
        return
    strings, at = [], HEAD.size
    for _ in range(count):
        begin = at + 4
        at = begin + NUMBER.unpack_from(request, at)[0]
        strings.append(request[begin:at])
    *environment, record, text, input = strings[arguments:]
    opened = []
    try:
        if deadline and now() >= deadline:
            raise OSError(errno.ETIME, "")
        try:
            written, shown = opened = make_record(record, text)
        except OSError as fault:
            frame(b"R", id, b"%d" % fault.errno)
            return
        for _ in range(3):
            opened += os.pipe()
        given, sink, out, told, err, complained = opened[2:]
        actions = [
            (os.POSIX_SPAWN_DUP2, fd, to) for fd, to in ((given, 0), (told, 1), (complained, 2), (shown, RECORD_FD))
        ]
        job = Job(id, grace / 1000, deadline, input, sink, record)
        os.set_blocking(sink, False)
        earliest = ticks()
        pid = os.posix_spawn(
            strings[0],
            strings[:arguments],
            dict(string.split(b"=", 1) for string in environment),
            file_actions=actions,
            setsid=True,
            setsigdef=SIGNALS,
        )
        latest = ticks()
    except (OSError, ValueError) as fault:
        for fd in opened:
            os.close(fd)
        remove(record)
        # A ValueError: the request has strings that no program can take, such as one with a NUL.
        frame(b"F", id, b"%d" % getattr(fault, "errno", errno.EINVAL))
        return
    for fd in (shown, given, told, complained):
        os.close(fd)
    write_leader(written, pid, earliest, latest)
    os.close(written)
    job_of_pid[pid] = job
    job_of_sink[sink] = job
    for fd, stream in ((out, b"O"), (err, b"E")):
        # Reads must not block: poll may have reported a pipe that was closed since, and whose
        # descriptor belongs to another pipe now.
        os.set_blocking(fd, False)
        job.streams[fd] = stream
        job_of_source[fd] = job
        poll.register(fd, select.EPOLLIN)
    tell_start(id, pid)
    feed(sink)
    if job.sink is not None:
        poll.register(sink, select.EPOLLOUT)


def tell_start(id, pid):
    global started_since
    if not started:
        started_since = time.monotonic()
    data = b"%d" % pid
    started.append(FRAME.pack(b"S", id, len(data)) + data)


def extend(id, deadline):
    """Moves the deadline of a run. A request for run 0 only asks whether the launcher responds."""
    if id == 0:
        frame(b"B", id)
    for job in job_of_pid.values():
        if job.id == id:
            job.deadline = deadline


def now():
    """Milliseconds of a clock that continues while the machine is suspended."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000


def kill_overdue():
    """Ends the groups whose deadline has passed, as the service may be suspended and unable to.

    Returns the seconds until the next deadline; None if there is none.
    """
    at = now()
    for pid, job in job_of_pid.items():
        if job.deadline and at >= job.deadline:
            end_group(pid, signal.SIGKILL)
    ahead = [job.deadline - at for job in job_of_pid.values() if job.deadline > at]
    return (min(ahead) + 1) / 1000 if ahead else None


def make_record(file, text):
    """Returns two descriptors of a new record: one to write, and a read-only one for the script."""
    made = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)]
    try:
        os.write(made[0], text)
        made.append(os.open(file, os.O_RDONLY | os.O_NOFOLLOW))
    except OSError:
        os.close(made[0])
        os.unlink(file)
        raise
    return made


def write_leader(record, pid, earliest, latest):
    """Records the pid and the time span of its start, which together identify the process.

    To read the exact time from /proc would take longer.
    """
    try:
        os.write(record, b"%d %d %d\n" % (pid, earliest, latest))
    except OSError:
        pass  # The disk is full. A later service finds the run by its open record.


def ticks():
    """The current time in the unit of a process's start time (proc_pid_stat(5))."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // NANOSECONDS_OF_TICK


def feed(sink):
    """Writes as much of a script's input as the pipe takes, without waiting for the script."""
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
    os.close(job.sink)  # This also ends its polling.
    job.sink = None


def forward(fd):
    """Passes output on, up to a limit for each script. The rest is counted, and read slowly.

    Returns the number of bytes read.
    """
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
        poll.unregister(fd)  # To leave this to close() takes the kernel longer.
    os.close(fd)


def wake_resting():
    now = time.monotonic()
    for fd in [fd for fd, until in resting_until.items() if until <= now]:
        del resting_until[fd]
        poll.register(fd, select.EPOLLIN)


def reap():
    """Reports the scripts that have ended, after the output that they wrote.

    Later output of their children is lost.
    """
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
        outlived = end_group(pid, 0)
        if not outlived:
            remove(job.record)
        frame(b"X", job.id, b"%d %d %d %d" % (status, job.lines, job.bytes, outlived))


def remove(record):
    try:
        os.unlink(record)
    except OSError:
        pass  # It was removed already.


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
    remove(sys.argv[1])
    os._exit(0)


def end_group(group, number):
    """Sends a signal to a process group. Returns whether the group still has a process."""
    try:
        os.killpg(group, number)
        return True
    except OSError:
        return False


# A signal that is sent to the whole unit must not end the launcher, which ends the scripts. The
# signals are caught and not ignored: exec resets caught signals to the default for the scripts.
for name in ("CHLD", "PIPE", "XFSZ", "TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM"):
    signal.signal(getattr(signal, "SIG" + name), lambda *_: None)
died, tell_death = os.pipe()
for end in (died, tell_death):
    os.set_blocking(end, False)
signal.set_wakeup_fd(tell_death, warn_on_full_buffer=False)
poll.register(0, select.EPOLLIN)
poll.register(died, select.EPOLLIN)
own, seen = make_record(*map(os.fsencode, sys.argv[1:]))
with open("/proc/self/stat", "rb") as stat:
    began = int(stat.read().rpartition(b")")[2].split()[19])
write_leader(own, os.getpid(), began, began)
os.close(own)
os.close(seen)
frame(b"H", 0)
while True:
    if frames or (started and time.monotonic() - started_since >= STARTED_WAITS_SECONDS):
        send_frames()
    deadline_ahead = kill_overdue()
    rest = STARTED_WAITS_SECONDS if started else FLOOD_REST_SECONDS if resting_until else deadline_ahead
    for fd, _ in poll.poll(rest):
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
