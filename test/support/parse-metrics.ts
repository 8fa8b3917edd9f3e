/**
 * Reads Prometheus's text format 0.0.4 strictly: HELP and TYPE come before the samples of a metric,
 * names and labels are well formed, no sample occurs twice, and histograms are cumulative up to
 * +Inf. Throws an Error that quotes the faulty line. Returns a look-up by name and labels, which
 * throws if there is no such sample.
 */
export function parseMetrics(text: string): (name: string, labels?: Record<string, string>) => number {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const read: Metrics = { types: new Map(), helped: new Set(), samples: new Map(), family: '' };
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment) readComment(read, comment, line);
    else if (line !== '') readSample(read, line);
  }
  checkHistograms(read.samples);
  return (name, labels = {}) => {
    const value = read.samples.get(keyOf(name, labels));
    if (value === undefined) throw new Error(`no sample ${keyOf(name, labels)}`);
    return value;
  };
}

/** What the lines so far contain. `family` is the metric of the last TYPE. */
interface Metrics {
  readonly types: Map<string, string>;
  readonly helped: Set<string>;
  readonly samples: Map<string, number>;
  family: string;
}

function readComment(read: Metrics, [, kind, name = '', rest = '']: RegExpExecArray, line: string): void {
  if (kind === 'HELP') {
    if (read.helped.has(name)) throw new Error(`a second HELP: ${line}`);
    read.helped.add(name);
    return;
  }
  if (read.types.has(name) || !read.helped.has(name)) throw new Error(`TYPE out of place: ${line}`);
  if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`no type: ${line}`);
  read.types.set(name, rest);
  read.family = name;
}

function readSample({ types, samples, family }: Metrics, line: string): void {
  const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (!sample) throw new Error(`no sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = sample;
  const suffix = types.get(family) === 'histogram' ? /^(_bucket|_sum|_count)$/ : /^$/;
  if (!name.startsWith(family) || !suffix.test(name.slice(family.length)))
    throw new Error(`out of its family: ${line}`);
  if (types.get(family) === 'counter' && !name.endsWith('_total')) throw new Error(`a counter without _total: ${line}`);
  const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
  if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
  const key = keyOf(name, readLabels(labelText, line));
  if (samples.has(key)) throw new Error(`twice: ${line}`);
  samples.set(key, value);
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest);
    if (!label?.[1] || label[1] in labels) throw new Error(`labels: ${line}`);
    labels[label[1]] = label[2] ?? '';
    rest = rest.slice(label[0].length);
  }
  return labels;
}

function keyOf(name: string, labels: Record<string, string>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${sorted.map(([label, value]) => `${label}=${value}`).join(',')}}`;
}

function checkHistograms(samples: ReadonlyMap<string, number>): void {
  const last = new Map<string, number>();
  for (const [key, value] of samples) {
    if (!key.includes('_bucket{')) continue;
    const series = key.replace(/,?le=[^,}]+/, '').replace('{,', '{');
    if (value < (last.get(series) ?? 0)) throw new Error(`not cumulative: ${key}`);
    last.set(series, value);
    if (key.includes('le=+Inf') && samples.get(series.replace('_bucket{', '_count{')) !== value) {
      throw new Error(`+Inf is not the count: ${key}`);
    }
  }
}
