import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import { errorText } from '../domain/error-text.ts';
import { ReturnCode } from '../domain/return-code.ts';
import { systemCode } from '../host/host-fault.ts';
import { fewFiles, shortageIn } from '../host/shortage.ts';
import { type DirectoryOperations, operationsAt } from '../ldap/operations.ts';
import { paint, wantsColour } from '../observability/colour.ts';
import { createEventPublisher } from '../observability/publish.ts';
import { type RenderOptions, renderEvent } from '../observability/render-event.ts';
import { type EmbeddedDirectory, startEmbeddedDirectory } from '../sandbox/embedded-directory.ts';
import { fillSandboxFolder, makeSandboxFolder, type SandboxFolder } from '../sandbox/sandbox-folder.ts';
import { introduction, MARGIN, nextSteps, type Style, walkPrinter } from '../sandbox/texts.ts';
import { walk } from '../sandbox/walk.ts';
import { walkWrites } from '../sandbox/walk-writes.ts';
import { openOperatorInterface } from '../service/open-operator.ts';
import { createService } from '../service/service.ts';
import { accessOf } from '../service/site.ts';
import { whenOutputIsLost } from './standard-output.ts';

export interface SandboxOptions {
  /** Whether the sandbox ends after the walk. */
  readonly once: boolean;
  /** The port of the directory on 127.0.0.1; 0: any free one. */
  readonly port: number;
}

/** The account of the walk, and the account of the LDIF files that the user may try. */
const WALK_UID = '3724300';
const TRIAL_UID = '3724301';

const WALK_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;

/**
 * The password of the directory's administrator. It is easy to type, and useless outside this
 * process.
 */
const ADMINISTRATOR_PASSWORD = 'sandbox';

/** Aborted by the user: `end` by the first request to stop, `force` by the next one. */
interface StopRequests {
  readonly end: AbortSignal;
  readonly force: AbortSignal;
  release(): void;
}

/**
 * Runs the command `sandbox`. Resolves to the exit code of the process when everything has ended.
 */
export async function runSandbox({ once, port }: SandboxOptions): Promise<number> {
  const few = fewFiles();
  if (few !== undefined) {
    // The service would wait until it may open more files, and the sandbox would wait for the
    // service.
    process.stderr.write(`${few.message}: ${few.remedy}\n`);
    return ReturnCode.UNDEFINED_ERROR;
  }
  const stopRequests = handleStopSignals();
  const sandboxFolder = await makeSandboxFolder();
  let directory: EmbeddedDirectory | undefined;
  try {
    const passwords = { service: randomBytes(16).toString('hex'), administrator: ADMINISTRATOR_PASSWORD };
    directory = await startEmbeddedDirectory({
      port,
      administratorPassword: passwords.administrator,
      servicePassword: passwords.service,
      homeOf: sandboxFolder.homeOf,
      laterDay: dayAhead(30),
      now: () => new Date(),
    });
    await fillSandboxFolder(sandboxFolder, directory.url, passwords);
    await demonstrate(sandboxFolder, directory, once, stopRequests);
    return ReturnCode.SUCCESS;
  } catch (error) {
    if (stopRequests.end.aborted) return once ? ReturnCode.UNDEFINED_ERROR : ReturnCode.SUCCESS;
    process.stderr.write(`${describeError(error, port)}\n`);
    return ReturnCode.UNDEFINED_ERROR;
  } finally {
    await directory?.stop();
    await sandboxFolder.remove();
    stopRequests.release();
  }
}

/**
 * Starts the service, performs the walk and, unless `once` is set, continues until a stop is
 * requested. Stops the service before it resolves.
 */
async function demonstrate(
  sandboxFolder: SandboxFolder,
  directory: EmbeddedDirectory,
  once: boolean,
  { end, force }: StopRequests,
): Promise<void> {
  const { stdout, env: shell } = process;
  const colour = wantsColour(stdout, shell);
  const style = styleOf(colour);
  const print = (text: string): void => {
    stdout.write(`${text}\n`);
  };
  print(introduction(directory, sandboxFolder, style));

  const publisher = createEventPublisher({ now: () => new Date() });
  const notice = (message: string): void => print(`${MARGIN}${message}`);
  const options: RenderOptions = { colour, ...(stdout.isTTY ? { width: stdout.columns - MARGIN.length } : {}) };
  publisher.listen((event) => print(`${MARGIN}${renderEvent(event, options)}`));
  // The environment of another service must not affect this one.
  const env = { PATH: shell['PATH'], LANG: shell['LANG'] };
  const settings = await loadConfig(sandboxFolder.configFile, env);
  const service = createService({
    settings,
    env,
    report: publisher.report,
    events$: publisher.events$,
    notice: (message) => print(`   ${message}`),
    dryRun: false,
  });
  force.addEventListener('abort', () => service.stopNow());
  const { accounts, longestMilliseconds: limitMilliseconds } = service;
  const source = { events$: publisher.events$, accounts, limitMilliseconds };
  const operator = once ? undefined : await openOperatorInterface(settings, source, notice);

  const ready = new Promise<void>((resolve) => {
    publisher.listen(({ event }) => event === 'refreshed' && resolve());
  });
  const gone = new AbortController();
  const running = service.run().finally(() => gone.abort(new Error('the service has ended')));
  const stop = AbortSignal.any([end, gone.signal]);
  const administrator = await operationsOf(sandboxFolder.administratorConfigFile, env);
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(WALK_MILLISECONDS)]);
    await Promise.race([ready, aborted(signal)]);
    await walk({
      uid: WALK_UID,
      writes: walkWrites(WALK_UID, sandboxFolder.homeOf),
      directory: administrator,
      listen: publisher.listen,
      printer: walkPrinter(print, style),
      monotonic: () => performance.now(),
      signal,
    });
    if (once) return;
    const writes = walkWrites(TRIAL_UID, sandboxFolder.homeOf);
    for (const { file, ldif } of writes) await writeFile(join(sandboxFolder.folder, file), `${ldif.join('\n')}\n`);
    print(nextSteps(directory, sandboxFolder, writes, ADMINISTRATOR_PASSWORD, style));
    await aborted(stop);
  } finally {
    administrator.close();
    print('');
    service.drain();
    await running;
    await operator?.close();
  }
}

async function operationsOf(configFile: string, env: NodeJS.ProcessEnv): Promise<DirectoryOperations> {
  const settings = await loadConfig(configFile, env);
  const access = accessOf(settings, env);
  const [url = ''] = access.urls;
  return operationsAt(access, url, settings.directory.base);
}

/**
 * The first SIGINT, SIGTERM or SIGHUP, or the loss of standard output, aborts `end`. The next one
 * aborts `force`.
 */
function handleStopSignals(): StopRequests {
  const end = new AbortController();
  const force = new AbortController();
  const requestStop = (): void => (end.signal.aborted ? force : end).abort(new Error('the sandbox was asked to stop'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, requestStop);
  whenOutputIsLost(requestStop);
  return {
    end: end.signal,
    force: force.signal,
    release: () => {
      for (const signal of signals) process.off(signal, requestStop);
    },
  };
}

/** Rejects with the signal's reason when it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

function describeError(error: unknown, port: number): string {
  const code = systemCode(error);
  if (code === 'EADDRINUSE') {
    return `port ${port} of 127.0.0.1 is taken: choose another one with --port, or leave --port out to use a free port`;
  }
  if (code === 'EACCES') return `this user may not listen on port ${port}: choose one above 1023 with --port`;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `the walk did not finish within ${WALK_MILLISECONDS / 1000} seconds`;
  }
  const shortage = shortageIn(error);
  if (shortage !== undefined) return `the walk failed: ${shortage.message}; ${shortage.remedy}`;
  return `the walk failed: ${errorText(error)}`;
}

function styleOf(colour: boolean): Style {
  return {
    strong: (text) => paint(text, 'bold', colour),
    quiet: (text) => paint(text, 'grey', colour),
    good: (text) => paint(text, 'green', colour),
  };
}

/** The day after a number of days, `YYYYMMDD` in UTC. */
function dayAhead(days: number): string {
  return new Date(Date.now() + days * DAY_MILLISECONDS).toISOString().slice(0, 10).replaceAll('-', '');
}
