/**
 * Reads Prometheus's text format 0.0.4 strictly: HELP and TYPE come before the samples of a metric,
 * names and labels are well formed, no sample occurs twice, and histograms are cumulative up to
 * +Inf. Throws an Error that quotes the faulty line. Returns a look-up by name and labels, which
 * throws if there is no such sample.
 */
export function parseMetrics(text: string): (name: string, labels?: Record<string, string>) => number {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples = new Map<string, number>();
  let family = '';

  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') {
        if (helped.has(name)) throw new Error(`a second HELP: ${line}`);
        helped.add(name);
      } else {
        if (types.has(name) || !helped.has(name)) throw new Error(`TYPE out of place: ${line}`);
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest))
          throw new Error(`no type: ${line}`);
        types.set(name, rest);
        family = name;
      }
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample) throw new Error(`no sample: ${line}`);
    const [, name = '', labelText = '', valueText = ''] = sample;
    const suffix = types.get(family) === 'histogram' ? /^(_bucket|_sum|_count)$/ : /^$/;
    if (!name.startsWith(family) || !suffix.test(name.slice(family.length)))
      throw new Error(`out of its family: ${line}`);
    if (types.get(family) === 'counter' && !name.endsWith('_total'))
      throw new Error(`a counter without _total: ${line}`);
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
    const key = keyOf(name, readLabels(labelText, line));
    if (samples.has(key)) throw new Error(`twice: ${line}`);
    samples.set(key, value);
  }
  checkHistograms(samples);
  return (name, labels = {}) => {
    const value = samples.get(keyOf(name, labels));
    if (value === undefined) throw new Error(`no sample ${keyOf(name, labels)}`);
    return value;
  };
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
