import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeMetrics } from '../../src/operator/metrics.ts';
import { attempt, execute } from '../support/children.ts';

const EXAMPLES = join(import.meta.dirname, '../../config/examples');
const ALERTS = join(EXAMPLES, 'prometheus-alerts.yaml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>;
}

const rules: readonly Rule[] = parse(readFileSync(ALERTS, 'utf8')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
);
const dashboard = JSON.parse(readFileSync(join(EXAMPLES, 'grafana-dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The series that a metric has: those of a histogram are three. */
const series = new Map(
  describeMetrics().flatMap(({ name, type, labels }) =>
    type === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((end) => [`${name}${end}`, [...labels, 'le']] as const)
      : [[name, labels] as const],
  ),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs promtool with a file of this text. */
function promtool(args: readonly string[], text: string) {
  const file = join(folder, 'file.yaml');
  writeFileSync(file, text);
  return attempt('promtool', [...args, file]);
}

describe.each([
  ['the alert rules', rules.map(({ expr }) => expr)],
  ['the dashboard', shown],
])('%s', (_, expressions) => {
  it('ask only for metrics that there are, by labels that they have', () => {
    expect(expressions.length).toBeGreaterThan(5);
    for (const expression of expressions) {
      const used = [...expression.matchAll(/\b((?:prov|process)_\w+)(?:\{([^}]*)\})?/g)];
      expect(used.length, expression).toBeGreaterThan(0);
      for (const [, name = '', selector = ''] of used) {
        expect([...series.keys()]).toContain(name);
        const labels = [...selector.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label);
        expect(['instance', ...(series.get(name) ?? [])]).toEqual(expect.arrayContaining(labels));
      }
    }
  });
});

describe('the alert rules', () => {
  it('are rules for Prometheus, each with what to do', async () => {
    expect((await execute('promtool', ['check', 'rules', ALERTS])).stdout).toContain(`${rules.length} rules found`);
    for (const { annotations } of rules) {
      expect(annotations).toEqual({ summary: expect.any(String), description: expect.any(String) });
    }
  });

  it('are silent while all is well, and fire for what needs a hand', async () => {
    const good = {
      'prov_info{instance="a"}': 1,
      'prov_ready{instance="a"}': 1,
      'prov_accounts{instance="a",condition="failed"}': 0,
      'prov_accounts_stuck{instance="a"}': 0,
      'prov_oldest_account_seconds{instance="a",condition="queued"}': 5,
      'prov_slots_busy{instance="a"}': 8,
      'prov_slots{instance="a"}': 8,
      'prov_canary_late{instance="a"}': 0,
      'prov_outlet_failing{instance="a",outlet="syslog"}': 0,
      'prov_notify_failing{instance="a",receiver="mail"}': 0,
      'prov_outlet_free_bytes{instance="a",outlet="log_file"}': 1e9,
      'prov_leases_lost_total{instance="a"}': 3,
    };
    const bad = {
      'prov_ready{instance="a"}': 0,
      'prov_accounts{instance="a",condition="failed"}': 2,
      'prov_accounts_stuck{instance="a"}': 1,
      'prov_oldest_account_seconds{instance="a",condition="queued"}': 700,
      'prov_slots_busy{instance="a"}': 8,
      'prov_slots{instance="a"}': 8,
      'prov_canary_late{instance="a"}': 1,
      'prov_outlet_failing{instance="a",outlet="syslog"}': 1,
      'prov_notify_failing{instance="a",receiver="mail"}': 1,
      'prov_outlet_free_bytes{instance="a",outlet="log_file"}': 1e6,
      'prov_leases_lost_total{instance="a"}': '0+1',
    };
    const inputs = (values: Readonly<Record<string, number | string>>) =>
      Object.entries(values).map(([name, value]) => ({
        series: name,
        values: typeof value === 'string' ? `${value}x60` : `${value}+0x60`,
      }));
    // promtool tells which alerts fire by those that were not expected.
    const tests = [good, bad].map((values) => ({
      interval: '1m',
      input_series: inputs(values),
      alert_rule_test: rules.map(({ alert }) => ({ eval_time: '30m', alertname: alert, exp_alerts: [] })),
    }));
    const { stdout, stderr } = await promtool(['test', 'rules'], stringify({ rule_files: [ALERTS], tests }));
    const fired = [...`${stdout}${stderr}`.matchAll(/alertname: (\w+), time: 30m/g)].map(([, name]) => name);
    expect(fired.sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });
});

describe('the dashboard', () => {
  it('has expressions that Prometheus can read', async () => {
    const plain = shown.map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', 'a.*'));
    const records = plain.map((expr, index) => ({ record: `expression:${index}`, expr }));
    const groups = [{ name: 'dashboard', rules: records }];
    expect(await promtool(['check', 'rules'], stringify({ groups }))).toMatchObject({ code: 0 });
  });

  it('has panels with ids of their own, which do not cover each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
  });
});
