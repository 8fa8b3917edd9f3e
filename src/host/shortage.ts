import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { HostFault, systemCode } from './host-fault.ts';

/** How many files a service needs to have open at least: below that it waits, rather than works. */
const LEAST_FILES = 64;
const RAISE = `raise its limit to ${LEAST_FILES} at least (systemd: LimitNOFILE=, shell: ulimit -n)`;

/** What the host may be short of for a time, by the system's code: what that is, and what to do about it. */
const SHORTAGES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  EMFILE: ['the service may not have more files open (EMFILE)', `${RAISE}, or lower concurrency`],
  ENFILE: ['the system has no more files to open (ENFILE)', 'raise fs.file-max, or lower concurrency'],
  EAGAIN: ['the machine is short of processes or memory (EAGAIN)', 'lower concurrency'],
  ENOMEM: ['the machine is short of processes or memory (ENOMEM)', 'lower concurrency'],
};

/** The host lacks what is needed now and may have it later: no account is at fault, and whatever was to be done can wait. */
export class Shortage extends HostFault {
  override readonly name = 'Shortage';
}

/** What a system's code says of the host, in words; undefined where it speaks of no shortage. */
export function shortageWords(
  code: string | undefined,
): { readonly problem: string; readonly remedy: string } | undefined {
  const found = code === undefined ? undefined : SHORTAGES[code];
  return found === undefined ? undefined : { problem: found[0], remedy: found[1] };
}

/** The shortage that an error tells of, itself or by its cause; undefined where it tells of none. */
export function shortageIn(error: unknown): Shortage | undefined {
  if (error instanceof Shortage) return error;
  const words = shortageWords(systemCode(error));
  if (words !== undefined) return new Shortage(words.problem, words.remedy, error);
  return error instanceof Error && error.cause !== undefined ? shortageIn(error.cause) : undefined;
}

/** The shortage that is to come if this process may open too few files; undefined otherwise. */
export function fewFiles(): Shortage | undefined {
  try {
    return fewFilesBy(readFileSync('/proc/self/limits', 'latin1'));
  } catch (error) {
    return shortageIn(error); // without /proc it cannot be told
  }
}

/** The same, by what the kernel says of the process's limits. */
export function fewFilesBy(limits: string): Shortage | undefined {
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (most >= LEAST_FILES) return undefined;
  return new Shortage(`this process may have ${most} files open, which are not enough`, RAISE);
}

/** Throws a Shortage where this process cannot open so many files more. */
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

/** For a `catch` that makes something else of errors: a shortage is left to whoever can wait for its end. */
export function passShortage(error: unknown): void {
  const shortage = shortageIn(error);
  if (shortage !== undefined) throw shortage;
}
