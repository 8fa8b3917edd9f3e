import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { defined } from '../../domain/defined.ts';
import { backoff } from '../../domain/retry.ts';
import type { LogLine } from './log-line.ts';
import { lostLines } from './lost-lines.ts';
import { MessageQueue } from './message-queue.ts';
import type { OnProblem, Outlet, SinkHealth } from './sink.ts';

export interface UdpSinkOptions {
  readonly address: { readonly host: string; readonly port: number };
  /** Renders a line as one message. */
  readonly render: (line: LogLine) => Buffer;
  readonly onProblem: OnProblem;
  /** Resolves a host name. Default: the system's resolver. */
  readonly lookUp?: (
    host: string,
    found: (error: NodeJS.ErrnoException | null, ip: string, family: number) => void,
  ) => void;
  /**
   * The pause before the next look-up in milliseconds. It doubles each time, up to 30 s. Default: 1
   * s.
   */
  readonly firstPause?: number;
  /** How long `close` waits, in milliseconds. Default: 2 s. */
  readonly closeWithin?: number;
}

/**
 * The name is looked up again after this number of messages, because a server may get another
 * address.
 */
const MESSAGES_PER_LOOKUP = 1_000;
/** The most messages given to the system at once. Further ones wait in the bounded queue. */
const MOST_IN_FLIGHT = 1_000;
const LONGEST_PAUSE = 30_000;

/**
 * Sends each line as one datagram to a syslog server (RFC 5426). UDP does not report delivery. The
 * messages that could not even be sent are counted, and their number is sent with the next line or
 * at the end.
 */
export function createUdpSink(options: UdpSinkOptions): Outlet {
  return new UdpSink(options);
}

/**
 * States:
 *   unknown -> known    the look-up of the name of the server has succeeded; until then lines wait
 *   known -> known      the name is looked up again after `MESSAGES_PER_LOOKUP` lines
 *   any -> closing      `close`: the remaining lines are sent
 *   closing -> closed   all lines are sent, or the time is over
 */
class UdpSink implements Outlet {
  readonly #options: Required<UdpSinkOptions>;
  readonly #queue = new MessageQueue();
  readonly #sockets = new Map<number, Socket>();
  #target: { readonly ip: string; readonly socket: Socket } | undefined;
  #untilLookup = 0;
  #lookingUp = false;
  #retry: NodeJS.Timeout | undefined;
  /** The number of consecutive failed look-ups. */
  #failures = 0;
  #inFlight = 0;
  #failure: string | undefined;
  #lastTime = '';
  #closing: (() => void) | undefined;
  #closed = false;
  #end: Promise<void> | undefined;

  constructor(options: UdpSinkOptions) {
    this.#options = { lookUp: lookup, firstPause: 1_000, closeWithin: 2_000, ...options };
  }

  write(line: LogLine): void {
    if (this.#closing !== undefined) return;
    this.#lastTime = line.time;
    this.#queue.push(this.#options.render(line));
    this.#pump();
  }

  health(): SinkHealth {
    return { lost: this.#queue.allLost, ...defined({ failure: this.#failure }) };
  }

  close(): Promise<void> {
    this.#end ??= this.#closeOnce();
    return this.#end;
  }

  #closeOnce(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(deadline);
        clearTimeout(this.#retry);
        this.#closed = true;
        for (const socket of this.#sockets.values()) socket.close();
        resolve();
      };
      const deadline = setTimeout(end, this.#options.closeWithin);
      this.#closing = () => {
        this.#closing = end;
        if (!this.#sendLost()) end();
      };
      this.#pump();
    });
  }

  /** Sends the waiting messages, as far as possible now. */
  #pump(): void {
    if (this.#closed) return;
    while (this.#target !== undefined && this.#inFlight < MOST_IN_FLIGHT) {
      const message = this.#queue.shift();
      if (message === undefined) break;
      this.#sendLost();
      this.#send(message, () => this.#queue.countLost(1));
      this.#untilLookup -= 1;
    }
    const isLookUpDue = this.#target === undefined ? this.#queue.size > 0 : this.#untilLookup <= 0;
    if (isLookUpDue && !this.#lookingUp && this.#retry === undefined) this.#lookUp();
    if (this.#inFlight === 0 && this.#queue.size === 0) this.#closing?.();
  }

  /**
   * Sends the number of lost lines. Returns true if there were any and the server's address is
   * known.
   */
  #sendLost(): boolean {
    const lost = this.#target === undefined ? 0 : this.#queue.takeLost();
    const note = () => this.#options.render(lostLines(lost, this.#lastTime));
    if (lost > 0) this.#send(note(), () => this.#queue.keepLost(lost));
    return lost > 0;
  }

  #send(message: Buffer, failed: () => void): void {
    this.#inFlight += 1;
    this.#target?.socket.send(message, this.#options.address.port, this.#target.ip, (error) => {
      this.#inFlight -= 1;
      if (error === null) this.#failure = undefined;
      else {
        failed();
        this.#problem(error);
      }
      this.#pump();
    });
  }

  #lookUp(): void {
    this.#lookingUp = true;
    this.#options.lookUp(this.#options.address.host, (error, ip, family) => {
      if (error === null) this.#bind(family, (failure, socket) => this.#found(failure, socket && { ip, socket }));
      else this.#found(error);
    });
  }

  #found(error: Error | null, target?: { readonly ip: string; readonly socket: Socket }): void {
    this.#lookingUp = false;
    if (this.#closed) return;
    this.#untilLookup = MESSAGES_PER_LOOKUP;
    if (target !== undefined) {
      this.#target = target;
      this.#failures = 0;
    } else {
      if (error !== null) this.#problem(error);
      if (this.#target === undefined) this.#lookUpLater();
    }
    this.#pump();
  }

  #lookUpLater(): void {
    this.#failures += 1;
    const pause = backoff(this.#failures, { initial: this.#options.firstPause, max: LONGEST_PAUSE });
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#lookUp();
    }, pause).unref();
  }

  /**
   * Passes a bound socket to `done`. The socket is bound explicitly, because `send` on a socket
   * that cannot be bound drops the message without an error.
   */
  #bind(family: number, done: (error: Error | null, socket?: Socket) => void): void {
    const known = this.#sockets.get(family);
    if (known !== undefined) {
      done(null, known);
      return;
    }
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    const failed = (error: Error): void => {
      socket.close();
      done(error);
    };
    socket.once('error', failed);
    socket.bind({ port: 0, exclusive: true }, () => {
      socket.off('error', failed);
      socket.on('error', (error) => this.#problem(error));
      if (this.#closed) socket.close();
      else this.#sockets.set(family, socket);
      done(null, socket);
    });
  }

  #problem(error: Error): void {
    const { host, port } = this.#options.address;
    const { onProblem } = this.#options;
    if (this.#failure === undefined) onProblem(`syslog at udp://${host}:${port} cannot be reached (${error.message})`);
    this.#failure = error.message;
  }
}
