import { type LogLine, renderMessage, SEVERITY } from './log-line.ts';

/** Numbers of RFC 5424, table 1. */
const FACILITY = {
  user: 1,
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof FACILITY;

/** Who speaks, as every message says it. */
export interface SyslogOrigin {
  readonly facility: Facility;
  readonly hostname: string;
  readonly appName: string;
  readonly pid: number;
}

/** What every receiver of today takes at least whole: rsyslog's own limit. */
const LONGEST_BYTES = 8_192;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A message for a server (RFC 5424): one line of UTF-8, cut at 8 KiB. */
export function renderRfc5424(line: LogLine, origin: SyslogOrigin): Buffer {
  const host = origin.hostname.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  const header = `<${priority(line, origin)}>1 ${line.time} ${host} ${origin.appName} ${origin.pid} - -`;
  return cut(Buffer.from(`${header} ${renderMessage(line)}`));
}

/**
 * A message for /dev/log as syslog(3) writes it. The receivers on that socket read this form only: journald takes the header
 * of RFC 5424 for text, and rsyslog takes its version for the name of the program.
 */
export function renderLocal(line: LogLine, origin: SyslogOrigin): Buffer {
  const date = new Date(line.time);
  const day = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'));
  const header = `<${priority(line, origin)}>${day} ${clock.join(':')} ${origin.appName}[${origin.pid}]:`;
  return cut(Buffer.from(`${header} ${renderMessage(line)}`));
}

function priority(line: LogLine, { facility }: SyslogOrigin): number {
  return FACILITY[facility] * 8 + SEVERITY[line.level];
}

/** Cut where a character ends: a byte 10xxxxxx goes on with the one before it. */
function cut(message: Buffer): Buffer {
  if (message.length <= LONGEST_BYTES) return message;
  let end = LONGEST_BYTES - 3;
  while (((message[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([message.subarray(0, end), Buffer.from('…')]);
}
