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
    '`/metrics` of the operator interface returns these metrics in the text format of Prometheus. A histogram has',
    '`_bucket`, `_sum` and `_count`. No label names an account. The metrics of leases exist only with `instances:',
    'several`, those of the canary with `canary.dn`, and those of an outlet (`log_file`, `syslog`, `journal`) or',
    'a receiver (`mail`, `webhook`) if it is configured. `config/examples/` has alert rules and a dashboard. This',
    'page is generated from the program by `npm run docs`.',
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
    '`run --json`, `tap --json`, `/events` and the journal contain these events: one JSON object per line, in the',
    'order in which the events happened. Each event has `time` (UTC, milliseconds) and `event`. An event about an',
    'account has `uid`, `dn` and `mode`, as far as they are known. All events of one attempt have the same `job`.',
    'A field of the tables is left out if it is not known.',
    'This page is generated from the program by `npm run docs`.',
    '',
    ...sections,
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
