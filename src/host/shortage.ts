import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { HostFault, systemCode } from './host-fault.ts';

/**
 * The lowest limit of open files with which the service works. With a lower limit the service
 * waits.
 */
const LEAST_FILES = 64;
const RAISE = `raise its limit to at least ${LEAST_FILES} (systemd: LimitNOFILE=, shell: ulimit -n)`;

/**
 * The resources that the host may lack for a time, by the code of the system error, each with its
 * remedy.
 */
const SHORTAGES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  EMFILE: ['the service has reached its limit of open files (EMFILE)', `${RAISE}, or lower concurrency`],
  ENFILE: ['the system has reached its limit of open files (ENFILE)', 'raise fs.file-max, or lower concurrency'],
  EAGAIN: ['the machine is short of processes or memory (EAGAIN)', 'lower concurrency'],
  ENOMEM: ['the machine is short of processes or memory (ENOMEM)', 'lower concurrency'],
};

/**
 * The host lacks a resource now, and may have it later. The account is not at fault, and its work
 * can wait.
 */
export class Shortage extends HostFault {
  override readonly name = 'Shortage';
}

/**
 * Describes the shortage that the code of a system error means; undefined if the code means none.
 */
export function shortageWords(
  code: string | undefined,
): { readonly problem: string; readonly remedy: string } | undefined {
  const words = code === undefined ? undefined : SHORTAGES[code];
  return words === undefined ? undefined : { problem: words[0], remedy: words[1] };
}

/**
 * Returns the shortage that an error, or one of its causes, reports; undefined if there is none.
 */
export function shortageIn(error: unknown): Shortage | undefined {
  if (error instanceof Shortage) return error;
  const words = shortageWords(systemCode(error));
  if (words !== undefined) return new Shortage(words.problem, words.remedy, error);
  return error instanceof Error && error.cause !== undefined ? shortageIn(error.cause) : undefined;
}

/**
 * Returns a Shortage if the limit of open files of this process is too low; undefined otherwise.
 */
export function fewFiles(): Shortage | undefined {
  try {
    return fewFilesBy(readFileSync('/proc/self/limits', 'latin1'));
  } catch (error) {
    return shortageIn(error); // without /proc the limit is unknown
  }
}

/** Does the same as `fewFiles` with the text of /proc/self/limits. */
export function fewFilesBy(limits: string): Shortage | undefined {
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (most >= LEAST_FILES) return undefined;
  return new Shortage(`this process may have only ${most} files open, which is not enough`, RAISE);
}

/** Throws a Shortage if this process cannot open `count` more files. */
export function needDescriptors(count: number): void {
  const held: number[] = [];
  try {
    while (held.length < count) held.push(openSync('/dev/null', constants.O_RDONLY));
  } catch (error) {
    passShortage(error);
    throw error;
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

/**
 * Throws the Shortage that an error reports, if it reports one. To be called in a `catch` that
 * turns other errors into something else, so that a shortage reaches a caller that can wait.
 */
export function passShortage(error: unknown): void {
  const shortage = shortageIn(error);
  if (shortage !== undefined) throw shortage;
}
