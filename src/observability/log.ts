import { fstatSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'winston';
import createWinston from 'winston/lib/winston/create-logger.js';
import Transport from 'winston-transport';
import { createConsoleSink } from './log/console-sink.ts';
import { createFileSink } from './log/file-sink.ts';
import { type LogLevel, type LogLine, renderJournal, renderJsonLine, renderText } from './log/log-line.ts';
import type { OnProblem, Outlet, Sink, SinkHealth } from './log/sink.ts';
import { createStreamSink } from './log/stream-sink.ts';
import { type Facility, renderLocal, renderRfc5424, type SyslogOrigin } from './log/syslog-message.ts';
import { frameByOctetCount, openTcpLink } from './log/tcp-link.ts';
import { createUdpSink } from './log/udp-sink.ts';
import { datagramLine, openUnixLink } from './log/unix-link.ts';
import type { ProcessStream } from './process-output.ts';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | 'pretty' | 'json';
  /** The file to which lines are appended. `reopen` opens it again. null: no file. */
  readonly file: string | null;
  readonly syslog: SyslogOptions | null;
  /**
   * The stream for the lines of the console. null: none, because the command prints something else
   * there.
   */
  readonly console: ProcessStream | null;
  readonly colour: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** Called with a sentence about a sink that fails, if the console does not show the log. */
  readonly onUnseenProblem?: (problem: string) => void;
}

export interface SyslogOptions {
  readonly address:
    | { readonly kind: 'unix'; readonly path: string }
    | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number };
  readonly facility: Facility;
  /**
   * The form of a message. `auto`: RFC 5424 for a server, and the form of syslog(3) for a socket of
   * this host.
   */
  readonly protocol: 'auto' | 'rfc5424' | 'local';
}

export interface Log {
  readonly logger: Logger;
  /** Closes and opens the log file (SIGHUP). */
  reopen(): void;
  /** The health of the log file and of syslog, if they are configured. */
  outlets(): { readonly file?: SinkHealth; readonly syslog?: SinkHealth };
  /** Resolves when the last lines are written. */
  close(): Promise<void>;
}

const APP_NAME = 'prov-backup-rsnapshot';
const LEVELS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/**
 * Creates the log: a winston logger that writes to the console, a file and syslog. If one of them
 * fails, an `error` line goes to the others.
 */
export function createLogger(options: LogOptions): Log {
  const { level, file, syslog, console, now, onUnseenProblem } = options;
  const renderPlain = options.format === 'json' ? renderJsonLine : (line: LogLine) => renderText(line, false);
  let closed = false;
  // This runs in a microtask, because a sink that is under construction or is writing a line must
  // not receive another line.
  const logProblem: OnProblem = (message) => {
    queueMicrotask(() => {
      if (!closed) logger.error(message);
    });
  };
  const reportUnseenProblem: OnProblem = (message) => {
    logProblem(message);
    onUnseenProblem?.(message);
  };
  const onProblem = console === null ? reportUnseenProblem : logProblem;
  const consoleSink =
    console === null ? undefined : createConsoleSink(console, consoleRenderer(options), reportUnseenProblem);
  const fileSink = file === null ? undefined : createFileSink(file, renderPlain, onProblem);
  const syslogSink = syslog === null ? undefined : createSyslogSink(syslog, onProblem);
  const sinks = [consoleSink, fileSink, syslogSink].filter((sink) => sink !== undefined);

  const transport = new SinkTransport(sinks, now);
  const logger = createWinston({ level, levels: LEVELS, transports: [transport] });
  return {
    logger,
    reopen: () => fileSink?.reopen(),
    outlets: () => ({
      ...(fileSink === undefined ? {} : { file: fileSink.health() }),
      ...(syslogSink === undefined ? {} : { syslog: syslogSink.health() }),
    }),
    close: async () => {
      closed = true;
      const finished = new Promise((resolve) => transport.once('finish', resolve));
      logger.end();
      await finished;
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}

/** The winston transport that writes each line to all sinks. */
class SinkTransport extends Transport {
  readonly #sinks: readonly Sink[];
  readonly #now: () => Date;

  constructor(sinks: readonly Sink[], now: () => Date) {
    super();
    this.#sinks = sinks;
    this.#now = now;
  }

  override log(info: Readonly<Record<string, unknown>>, next: () => void): void {
    const { level, message, time, ...fields } = info;
    const line: LogLine = {
      time: typeof time === 'string' ? time : this.#now().toISOString(),
      level: level as LogLevel,
      message: String(message),
      fields,
    };
    for (const sink of this.#sinks) sink.write(line);
    next();
  }
}

/**
 * The form of console lines. `auto` means text for a terminal, the message with its level for
 * systemd's journal, which keeps the time itself, and JSON for anything else (containers, log
 * collectors).
 */
function consoleRenderer({ format, console, colour, env }: LogOptions): (line: LogLine) => string {
  const wanted =
    format !== 'auto' ? format : console?.isTTY === true ? 'pretty' : isJournal(console, env) ? 'journal' : 'json';
  if (wanted === 'journal') return renderJournal;
  return wanted === 'json' ? renderJsonLine : (line) => renderText(line, colour);
}

/**
 * Whether the stream is connected to systemd's journal. JOURNAL_STREAM has its device and inode
 * (systemd.exec(5)).
 */
function isJournal(stream: LogOptions['console'], env: LogOptions['env']): boolean {
  const journal = env['JOURNAL_STREAM'];
  if (journal === undefined || stream?.fd === undefined) return false;
  const { dev, ino } = fstatSync(stream.fd);
  return journal === `${dev}:${ino}`;
}

function createSyslogSink({ address, facility, protocol }: SyslogOptions, onProblem: OnProblem): Outlet {
  const origin: SyslogOrigin = { facility, hostname: hostname(), appName: APP_NAME, pid: process.pid };
  const local = protocol === 'local' || (protocol === 'auto' && address.kind === 'unix');
  const render = (line: LogLine): Buffer => (local ? renderLocal(line, origin) : renderRfc5424(line, origin));
  if (address.kind === 'udp') return createUdpSink({ address, render, onProblem });
  const [place, frame, open] =
    address.kind === 'unix'
      ? [address.path, datagramLine, openUnixLink(address.path)]
      : [`tcp://${address.host}:${address.port}`, frameByOctetCount, openTcpLink(address)];
  return createStreamSink({ open, render: (line) => frame(render(line)), name: `syslog at ${place}`, onProblem });
}
