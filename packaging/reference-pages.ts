import { EVENT_REFERENCE } from '../src/observability/event-reference.ts';
import { describeMetrics } from '../src/operator/metrics.ts';

/** docs/metrics.md: every metric of `/metrics`. */
export function renderMetricsPage(): string {
  const rows = describeMetrics().map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${cell(help)} |`,
  );
  return [
    '# Metrics',
    '',
    'What `/metrics` of the operator interface has, in the text format of Prometheus. A histogram has `_bucket`, `_sum` and',
    '`_count`. No label names an account. The leases are there only with `instances: several`, the canary with `canary.dn`, an',
    'outlet (`log_file`, `syslog`, `journal`) and a receiver (`mail`, `webhook`) where it is configured. `config/examples/` has alert rules and a dashboard.',
    'This page is written from the program by `npm run docs`.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** docs/events.md: every event of the stream with its fields. */
export function renderEventsPage(): string {
  const sections = Object.entries(EVENT_REFERENCE).flatMap(([name, { says, fields }]) => {
    const rows = Object.entries(fields).map(([field, meaning]) => `| \`${field}\` | ${cell(meaning)} |`);
    return [`## ${name}`, '', says, '', ...(rows.length === 0 ? [] : ['| field | |', '|---|---|', ...rows, ''])];
  });
  return [
    '# Events',
    '',
    'What `run --json`, `tap --json`, `/events` and the journal have: one JSON object a line, in the order in which it happened.',
    'Each has `time` (UTC, milliseconds) and `event`. One about an account has `uid`, `dn` and `mode`, as far as they are known,',
    'and within an attempt `job`, which ties the attempt together. A field of the tables is left out where it is not known.',
    'This page is written from the program by `npm run docs`.',
    '',
    ...sections,
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
