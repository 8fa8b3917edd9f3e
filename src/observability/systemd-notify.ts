import { openSender } from './systemd-sender.ts';

/** Notifies the service manager of the state of the service (sd_notify(3)). */
export interface SystemdNotifier {
  ready(): void;
  /** Sets the line that `systemctl status` shows. */
  status(text: string): void;
  stopping(): void;
  /** Reports that the service reads its configuration again. The reload ends with `ready`. */
  reloading(): void;
  close(): void;
}

const NO_NOTIFIER: SystemdNotifier = { ready() {}, status() {}, stopping() {}, reloading() {}, close() {} };

/**
 * Creates the notifier of this process. It does nothing without NOTIFY_SOCKET. With WATCHDOG_USEC
 * it sends a keep-alive at half that interval from the event loop, so the manager notices when the
 * loop is blocked. `failed` is called with a sentence if nothing can be sent. `interpreter` is the
 * path of Python; default: the one of the system.
 */
export function createSystemdNotifier(
  env: Readonly<Record<string, string | undefined>>,
  failed: (reason: string) => void,
  interpreter?: string,
): SystemdNotifier {
  const { NOTIFY_SOCKET: address = '' } = env;
  if (address === '') return NO_NOTIFIER;
  const watchdog = watchdogOf(env);
  /** The latest text of each kind. */
  const latest = new Map<string, string>();
  const keepAlive = (): void => sender.send('WATCHDOG=1');
  const sender = openSender({
    address,
    interpreter,
    failed: (reason) =>
      failed(`the service manager cannot be notified at the moment: ${reason}; the service tries again`),
    restarted: () => {
      for (const [kind, text] of latest) sender.send(`${kind}=${text}`);
      if (watchdog !== undefined) keepAlive();
    },
  });
  const notify = (kind: string, text: string): void => {
    const line = text.replaceAll(/[\r\n\0]+/g, ' ');
    latest.set(kind, line);
    sender.send(`${kind}=${line}`);
  };
  const timer = watchdog === undefined ? undefined : setInterval(keepAlive, watchdog / 2);
  timer?.unref();
  return {
    ready: () => notify('READY', '1'),
    status: (text) => notify('STATUS', text),
    stopping: () => notify('STOPPING', '1'),
    reloading: () => {
      // The time of CLOCK_MONOTONIC, by which the manager distinguishes this reload from an earlier
      // one.
      sender.send(`RELOADING=1\0MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
    },
    close: () => {
      clearInterval(timer);
      sender.close();
    },
  };
}

/**
 * The watchdog interval in milliseconds, if it is set for this process (sd_watchdog_enabled(3)).
 */
function watchdogOf(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC']);
  const pid = env['WATCHDOG_PID'];
  const isForThisProcess = pid === undefined || pid === '' || Number(pid) === process.pid;
  return isForThisProcess && Number.isFinite(microseconds) && microseconds >= 1_000 ? microseconds / 1_000 : undefined;
}
