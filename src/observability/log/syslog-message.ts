import { type LogLine, renderMessage, SEVERITY } from './log-line.ts';

/** Facility codes (RFC 5424, table 1). */
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

/** The sender, as it is part of every message. */
export interface SyslogOrigin {
  readonly facility: Facility;
  readonly hostname: string;
  readonly appName: string;
  readonly pid: number;
}

/** The longest message in bytes: rsyslog's own limit, which every current receiver accepts. */
const LONGEST_BYTES = 8_192;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A message for a server (RFC 5424): one line of UTF-8, cut at 8 KiB. */
export function renderRfc5424(line: LogLine, origin: SyslogOrigin): Buffer {
  const host = origin.hostname.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  const header = `<${priority(line, origin)}>1 ${line.time} ${host} ${origin.appName} ${origin.pid} - -`;
  return truncated(Buffer.from(`${header} ${renderMessage(line)}`));
}

/**
 * A message for /dev/log in the form of syslog(3). Receivers on that socket accept only this form:
 * journald treats an RFC 5424 header as text, and rsyslog treats its version as the name of the
 * program.
 */
export function renderLocal(line: LogLine, origin: SyslogOrigin): Buffer {
  const date = new Date(line.time);
  const day = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0'));
  const header = `<${priority(line, origin)}>${day} ${clock.join(':')} ${origin.appName}[${origin.pid}]:`;
  return truncated(Buffer.from(`${header} ${renderMessage(line)}`));
}

function priority(line: LogLine, { facility }: SyslogOrigin): number {
  return FACILITY[facility] * 8 + SEVERITY[line.level];
}

/**
 * Cuts a message that is too long between two characters. In UTF-8, a byte 10xxxxxx continues the
 * character before it.
 */
function truncated(message: Buffer): Buffer {
  if (message.length <= LONGEST_BYTES) return message;
  let end = LONGEST_BYTES - 3;
  while (((message[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([message.subarray(0, end), Buffer.from('…')]);
}
