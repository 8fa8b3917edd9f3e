#!/usr/bin/python3
"""Replaces systemctl in a root file system without a service manager.

It starts and stops services as their units say, as far as that is possible without the kernel's
help. It heeds ExecStart, the folders, READY=1 (sd_notify(3)), SIGTERM to the main process, and
SIGKILL to all of its session after TimeoutStopSec. It ignores the sandbox, the watchdog and
Restart.
"""
import fnmatch
import os
import signal
import socket
import subprocess
import sys
import time

STATE = '/run/stand-in'
UNITS = ('/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system')
WANTED = '/etc/systemd/system/multi-user.target.wants'
START_SECONDS = 30


def unit_path(unit):
    name, _, instance = unit.removesuffix('.service').partition('@')
    file = f'{name}@.service' if instance else unit
    return next(path for path in (f'{folder}/{file}' for folder in UNITS) if os.path.exists(path))


def unit_values(unit):
    instance = unit.removesuffix('.service').partition('@')[2]
    lines = [line.strip() for line in open(unit_path(unit)) if '=' in line and not line.startswith('#')]
    return dict(line.replace('%i', instance).split('=', 1) for line in lines)


def main_pid(unit):
    try:
        pid = int(open(f'{STATE}/{unit}').read())
        os.kill(pid, 0)
        return pid
    except (FileNotFoundError, ProcessLookupError):
        return None


def start(unit):
    if main_pid(unit) is not None:
        return 0
    values = unit_values(unit)
    for key, place in (('RuntimeDirectory', '/run'), ('LogsDirectory', '/var/log'), ('ConfigurationDirectory', '/etc')):
        folder = f'{place}/{values[key]}'
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, int(values[f'{key}Mode'], 8))
    address = f'{STATE}/{unit}.notify'
    if os.path.exists(address):
        os.remove(address)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(address)
    notify.settimeout(0.1)
    log = open(f'{STATE}/{unit}.log', 'a')
    env = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'NOTIFY_SOCKET': address}
    service = subprocess.Popen(values['ExecStart'].split(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                               cwd='/', start_new_session=True)
    open(f'{STATE}/{unit}', 'w').write(str(service.pid))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            if b'READY=1' in notify.recv(4096):
                return 0
        except TimeoutError:
            pass
    return 1


def stop(unit):
    pid = main_pid(unit)
    if pid is None:
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + int(unit_values(unit)['TimeoutStopSec'])
    while main_pid(unit) is not None:
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.02)
    os.remove(f'{STATE}/{unit}')
    return 0


def known():
    return sorted(name for name in os.listdir(STATE) if name.endswith('.service'))


def main(arguments):
    os.makedirs(STATE, exist_ok=True)
    command, *names = [argument for argument in arguments if not argument.startswith('-')]
    with open(f'{STATE}/calls', 'a') as calls:
        calls.write(f'{command} {" ".join(names)}\n')
    if command == 'list-units':
        units = [unit for unit in known() if any(fnmatch.fnmatch(unit, name) for name in names)]
        print(''.join(f'{unit} loaded active running\n' for unit in units), end='')
        return 0
    names = [name if name.endswith('.service') else f'{name}.service' for name in names]
    if command == 'is-enabled':
        enabled = os.path.exists(f'{WANTED}/{names[0]}')
        print('enabled' if enabled else 'disabled')
        return 0 if enabled else 1
    if command == 'is-active':
        return 0 if main_pid(names[0]) is not None else 3
    if command == 'cat':
        print(open(unit_path(names[0])).read(), end='')
        return 0
    if command in ('enable', 'disable'):
        for unit in names:
            link = f'{WANTED}/{unit}'
            if command == 'enable':
                os.makedirs(WANTED, exist_ok=True)
                os.symlink(unit_path(unit), link)
            else:
                os.remove(link)
        if '--now' not in arguments:
            return 0
        command = 'start' if command == 'enable' else 'stop'
    if command == 'start':
        return max(start(unit) for unit in names)
    if command == 'stop':
        return max(stop(unit) for unit in names)
    if command == 'restart':
        return max(stop(unit) or start(unit) for unit in names)
    return 0  # daemon-reload


sys.exit(main(sys.argv[1:]))
