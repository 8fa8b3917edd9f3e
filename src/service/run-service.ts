import { redacted } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import { script } from '../../handlers/steps/chroot-script.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { ReturnCode } from '../domain/return-code.ts';
import { visible } from '../domain/visible.ts';
import { HostFault } from '../host/host-fault.ts';
import { exitOnStop, type Signals } from '../host/signals.ts';
import { watchTerminal } from '../host/terminal.ts';
import { type HolderLock, takeHolderLock } from '../lock/holder-lock.ts';
import { type InstanceLock, type InstanceLockOptions, openInstanceLock } from '../lock/instance-lock.ts';
import { describeEvent } from '../observability/describe-event.ts';
import type { Log } from '../observability/log.ts';
import { createEventLog } from '../observability/log-events.ts';
import { createEventPublisher, type EventPublisher } from '../observability/publish.ts';
import { createSystemdNotifier, type SystemdNotifier } from '../observability/systemd-notify.ts';
import type { Operator } from '../operator/server.ts';
import { checkHost } from '../preflight/host.ts';
import { checkSecrets } from '../preflight/secrets.ts';
import { checkStep } from '../preflight/steps.ts';
import { endOrphansBelow } from '../script/orphans.ts';
import { openServiceJournal } from './open-journal.ts';
import { openServiceNotifier } from './open-notifier.ts';
import { openOperatorInterface } from './open-operator.ts';
import { openRecording } from './open-recording.ts';
import { outletsOf } from './outlets.ts';
import { openServiceOutputs, type ServiceOutputOptions, type ServiceOutputs } from './outputs.ts';
import { createReload } from './reload-settings.ts';
import { createService, type Service } from './service.ts';

export interface RunOptions {
  /** The path of the settings. */
  readonly configFile: string;
  /** How events are printed: as text, or as one JSON object a line. */
  readonly debug: ServiceOutputOptions['debug'];
  readonly dryRun: boolean;
  /**
   * The file of the recording: the changes that the directory sends, and the decisions about them.
   */
  readonly record?: string;
  readonly signals: Signals;
}

/**
 * The longest time in milliseconds for which the service may not notice that its base was deleted
 * and created again while the connection stayed open.
 */
const LONGEST_RECHECK_INTERVAL = 30_000;

/**
 * Runs the command `run`: the service with its outputs and signals. Resolves to the exit code of
 * the process.
 */
export async function runService(settings: Settings, options: RunOptions): Promise<number> {
  const now = () => new Date();
  const { log, print, notice, close } = openServiceOutputs({ log: settings.log, debug: options.debug, now });
  log.logger.debug('settings in effect', { settings: redacted(settings) });
  const publisher = createEventPublisher({ now, onListenerError: (error) => notice(`an output failed: ${error}`) });
  publisher.listen(print);
  publisher.listen(createEventLog(log.logger));
  try {
    return await runLogged(settings, options, publisher, log, notice);
  } finally {
    await close();
  }
}

async function runLogged(
  settings: Settings,
  { configFile, dryRun, record, signals }: RunOptions,
  publisher: EventPublisher,
  log: Log,
  notice: ServiceOutputs['notice'],
): Promise<number> {
  const { env, stderr } = process;
  const refuse = (message: string): void => {
    log.logger.error(message);
    stderr.write(`${visible(message)}\n`);
  };
  let lock: InstanceLock | undefined;
  let holderLock: HolderLock | undefined;
  if (!dryRun) {
    const refused = (message: string): void => {
      refuse(message);
      service.stopNow(ReturnCode.UNDEFINED_ERROR);
    };
    lock = await openLock(settings, { refused, notice }, refuse);
    if (lock === undefined) return ReturnCode.UNDEFINED_ERROR;
    if (settings.instances === 'several') {
      holderLock = await orRefuse(takeHolderLock(settings.directory.base), refuse);
      if (holderLock === undefined) return ReturnCode.UNDEFINED_ERROR;
    }
  }
  const manager = createSystemdNotifier(env, notice);
  publisher.listen((event) => notifyManager(event, manager));
  const journal = dryRun ? undefined : await openServiceJournal(settings, notice);
  if (journal !== undefined) publisher.listen(journal.take);
  const states = { journalFailure: () => journal?.health().failure, canary: () => service.canary?.() };
  const notifier = dryRun ? undefined : await openServiceNotifier(settings, configFile, states, notice);
  if (notifier !== undefined) publisher.listen(notifier.take);
  const recorder = record === undefined ? undefined : openRecording(record, settings, notice);
  const service = createService({
    settings,
    env,
    report: publisher.report,
    events$: publisher.events$,
    notice,
    dryRun,
    holder: holderLock?.holder,
    admit: lock?.admit,
    observePureStep: recorder?.step,
  });
  const stopRequested = stopOnSignals(signals, service, log);
  let operator: Pick<Operator, 'close'> | undefined;
  try {
    const { accounts, leases, canary, pauses, longestMilliseconds: limitMilliseconds } = service;
    const use = (next: Settings): void => {
      log.logger.level = next.log.level;
      recorder?.use(next);
      service.use(next);
      void notifier?.use(next);
    };
    const reload = createReload({ configFile, env, settings, use, manager, report: publisher.report });
    const control = service.control === undefined ? undefined : { ...service.control, reload };
    const outlets = () => outletsOf(settings.log, log, journal);
    const outputs = { events$: publisher.events$, outlets, notify: notifier?.status };
    const source = { ...outputs, accounts, leases, canary, pauses, control, limitMilliseconds };
    operator = await openOperatorInterface(settings, source, notice);
    // Ready means that the service has started, even without a connection: a restart by the service
    // manager would not help.
    manager.ready();
    await Promise.race([prepare(configFile, settings, dryRun, notice), stopRequested]);
    const exitCode = await service.run();
    signals.setReactions(exitOnStop(exitCode));
    return exitCode;
  } finally {
    await lock?.release();
    await holderLock?.release();
    manager.close();
    await operator?.close();
    await recorder?.close();
    await notifier?.close();
    journal?.close();
  }
}

/**
 * Prepares the host before the first account is worked on. It checks who can read the secrets and
 * change the script, and ends the scripts that an earlier service left behind. A stop need not wait
 * for the preparation, because the next service does the same.
 */
async function prepare(
  configFile: string,
  settings: Settings,
  dryRun: boolean,
  notice: (message: string) => void,
): Promise<void> {
  const lines = await Promise.all([checkSecrets(configFile, settings), checkStep(script, settings)]);
  for (const { verdict, what, found, remedy } of [...checkHost(), ...lines.flat()]) {
    if (verdict !== 'ok') notice(`${what}: ${found}; ${remedy}`);
  }
  if (dryRun) return;
  const ended = await endOrphansBelow(settings.directory.base, settings.script.killGrace);
  if (ended.length > 0) notice(`ended ${ended.length} script(s) that a service before this one had left behind`);
}

/** Passes the events about the state of the whole service to the service manager. */
function notifyManager(event: PublishedEvent, manager: SystemdNotifier): void {
  switch (event.event) {
    case 'refreshed':
    case 'connected':
    case 'disconnected':
    case 'reconnecting':
      manager.status(`${event.event}: ${describeEvent(event)}`);
      break;
    case 'paused':
    case 'resumedWork':
      manager.status(`${event.event}: ${describeEvent(event)}`);
      break;
    case 'draining':
      manager.stopping();
      manager.status(`draining: ${describeEvent(event)}`);
      break;
    default:
      break;
  }
}

/**
 * Opens the lock without taking it. Resolves to undefined if the host cannot provide the lock; that
 * is reported.
 */
async function openLock(
  settings: Settings,
  reports: Pick<InstanceLockOptions, 'refused' | 'notice'>,
  refuse: (message: string) => void,
): Promise<InstanceLock | undefined> {
  const { instances, directory, reconnect } = settings;
  // The base is read again as often as a silent connection is probed.
  const recheckMilliseconds = Math.min(reconnect.deadAfter / 2, LONGEST_RECHECK_INTERVAL);
  const opening = openInstanceLock({ instances, base: directory.base, recheckMilliseconds, ...reports });
  return orRefuse(opening, refuse);
}

/** Waits for `opening`. Resolves to undefined if the host prevents it; that is reported. */
async function orRefuse<T>(opening: Promise<T>, refuse: (message: string) => void): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof HostFault)) throw error;
    refuse(`${error.message}; ${error.remedy}`);
    return undefined;
  }
}

/**
 * Reacts to signals. The first SIGTERM or SIGINT drains, the second one stops the service at once.
 * SIGHUP opens the log file again. If SIGHUP means that the terminal was closed, the service also
 * drains, because a forgotten service would block the next one. Resolves at the first request to
 * stop.
 */
function stopOnSignals(signals: Signals, service: Service, log: Log): Promise<void> {
  return new Promise((resolve) => {
    let stopRequested = false;
    const stop = (): void => {
      if (stopRequested) service.stopNow();
      else service.drain();
      stopRequested = true;
      resolve();
    };
    const isTerminalGone = watchTerminal();
    const hangUp = (): void => {
      log.reopen();
      if (!stopRequested && isTerminalGone()) stop();
    };
    signals.setReactions({ stop, hangUp });
  });
}
