import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exited, track } from './children.ts';
import { freePort } from './free-port.ts';

/** A line as rsyslog parsed it. */
interface Received {
  readonly facility: string;
  readonly severity: string;
  readonly appName: string;
  readonly pid: string;
  readonly message: string;
}

export interface Rsyslog {
  /** Its datagram socket, instead of /dev/log. */
  readonly socket: string;
  /** The port for UDP and TCP on all addresses of `localhost`. UDP reaches only the first one. */
  readonly port: number;
  /** Waits until there are this many lines, and returns all. */
  received(atLeast: number): Promise<Received[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops rsyslogd and removes its folder. */
  remove(): Promise<void>;
}

const TIMEOUT_MILLISECONDS = 10_000;

/** A real rsyslogd with Debian's default inputs, in a temporary folder. */
export async function startRsyslog(): Promise<Rsyslog> {
  const folder = await mkdtemp(join(tmpdir(), 'rsyslog-'));
  const [socket, out, config] = [join(folder, 'log'), join(folder, 'out'), join(folder, 'rsyslog.conf')];
  const port = await freePort();
  await writeFile(out, '');
  await writeFile(
    config,
    `global(workDirectory="${folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="on")
module(load="imudp")
input(type="imudp" address="localhost" port="${port}")
module(load="imtcp")
input(type="imtcp" address="localhost" port="${port}")
template(name="fields" type="string"
  string="%syslogfacility-text%|%syslogseverity-text%|%programname%|%procid%|%msg:2:$%\\n")
template(name="network" type="string"
  string="%syslogfacility-text%|%syslogseverity-text%|%programname%|%procid%|%msg%\\n")
if $inputname == "imuxsock" then action(type="omfile" file="${out}" template="fields")
else action(type="omfile" file="${out}" template="network")
`,
  );
  let daemon: ReturnType<typeof spawn> | undefined;

  const lines = async (): Promise<string[]> => (await readFile(out, 'utf8')).split('\n').slice(0, -1);
  const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
    for (let waited = 0; !(await holds()); waited += 20) {
      if (waited > TIMEOUT_MILLISECONDS) throw new Error(`rsyslogd: ${what} did not happen`);
      await pause(20);
    }
  };
  const start = async (): Promise<void> => {
    daemon = track(spawn('rsyslogd', ['-n', '-f', config, '-i', join(folder, 'pid')], { stdio: 'ignore' }));
    await until(
      () =>
        readFile(join(folder, 'pid')).then(
          () => true,
          () => false,
        ),
      'its start',
    );
  };
  const stop = async (): Promise<void> => {
    if (daemon === undefined) return;
    daemon.kill('SIGTERM');
    await exited(daemon);
    daemon = undefined;
  };
  await start();
  return {
    socket,
    port,
    start,
    stop,
    received: async (atLeast) => {
      await until(async () => (await lines()).length >= atLeast, `the arrival of ${atLeast} lines`);
      return (await lines()).map((line) => {
        const [facility = '', severity = '', appName = '', pid = '', ...message] = line.split('|');
        return { facility, severity, appName, pid, message: message.join('|') };
      });
    },
    remove: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}
