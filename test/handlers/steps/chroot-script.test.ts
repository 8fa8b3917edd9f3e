import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { script } from '../../../handlers/steps/chroot-script.ts';
import { buildCommand, buildEnvironment, buildInput, isSecret } from '../../../handlers/steps/script-request.ts';
import { entryOf } from '../../../src/domain/entry.ts';
import type { StreamEvent } from '../../../src/domain/event.ts';
import type { Job } from '../../../src/domain/job.ts';
import type { ScriptResult, ScriptRunner } from '../../../src/script/runner.ts';
import { createScriptRunner } from '../../../src/script/script-runner.ts';
import { scriptFolder } from '../../script/contract.ts';
import { exited } from '../../support/children.ts';
import { startLeftRun } from '../../support/left-run.ts';
import { doStep, jobOf, stepOf } from './job.ts';

const DN = 'uid=3724300,ou=accounts,ou=backup,ou=services,dc=example,dc=org';
const files = scriptFolder();
const runner = createScriptRunner({ launcher: 'none', base: 'dc=example', onNotice: () => {} });
afterAll(async () => {
  await runner.close();
  files.remove();
});

function jobFor(attributes: Parameters<typeof entryOf>[1] = {}, overrides: Partial<Job> = {}, dn = DN): Job {
  const job = jobOf('3724300');
  return {
    ...job,
    record: { ...job.record, dn, entryUUID: '0b1a2c3d-0000-4000-8000-000000000001' },
    entry: entryOf(dn, { uid: '3724300', ...attributes }),
    ...overrides,
  };
}

const written = { path: '/usr/bin:/bin', language: 'C.UTF-8' };
const environmentSettings = {
  ...written,
  timeZone: 'Europe/Zurich',
  quotaAttribute: 'sstQuota',
  homeRoot: '/srv/homes/',
  homeLayout: '*/{uid}',
};

interface Overrides {
  readonly command?: readonly string[];
  readonly perMode?: object;
  readonly timeout?: string;
  readonly base?: string;
  readonly scripts?: ScriptRunner;
}

async function run(
  body: string,
  job = jobFor(),
  { base = 'dc=example,dc=org', scripts = runner, ...own }: Overrides = {},
) {
  const step = stepOf(script, { ...written, command: [files.sh(body)], killGrace: '300ms', ...own }, { base });
  const events: StreamEvent[] = [];
  const signal = new AbortController().signal;
  const outcome = await doStep(step, job, { report: (event) => events.push(event), signal }, { scripts });
  return { outcome, events, lines: events.map((event) => (event.event === 'output' ? event.line : '')) };
}

describe('the chroot script step', () => {
  it('gives the script MODE and UID where the command names no placeholder', async () => {
    expect((await run('echo "$1|$2|$#"')).lines).toEqual(['add|3724300|2']);
  });

  it('reports each line of output with the account and the attempt', async () => {
    const { outcome, events } = await run('echo made');
    expect(outcome).toEqual({ ok: true });
    expect(events).toEqual([
      { event: 'output', uid: '3724300', dn: DN, mode: 'adding', job: 'job-1', stream: 'stdout', line: 'made' },
    ]);
  });

  it('gives the last words of a script that fails as the cause, and none of a script that succeeds', async () => {
    expect((await run('echo begun; echo no quota here >&2; exit 6')).outcome).toMatchObject({ cause: 'no quota here' });
    expect((await run('exit 6')).outcome).not.toHaveProperty('cause');
    expect((await run('echo warned >&2')).outcome).toEqual({ ok: true });
  });

  it('does not take what the service says of its output for its last words', async () => {
    const { outcome, lines } = await run('yes no quota here | head -n 20000 >&2; exit 6');
    expect(lines.at(-1)).toMatch(/^\[the script wrote too much/);
    expect(outcome).toMatchObject({ cause: 'no quota here' });
  });

  it('takes the command of the mode where one is configured', async () => {
    const perMode = { delete: [files.sh('echo delete only')] };
    expect((await run('echo any', jobFor({}, { mode: 'delete' }), { perMode })).lines).toEqual(['delete only']);
    expect((await run('echo any', jobFor(), { perMode })).lines).toEqual(['any']);
  });

  it('gives the entry as JSON on standard input', async () => {
    const { lines } = await run('cat', jobFor({ cn: ['Zoë', 'b'], userPassword: 'secret' }));
    expect(JSON.parse(lines.join(''))).toEqual({
      mode: 'add',
      uid: '3724300',
      dn: DN,
      attributes: { uid: ['3724300'], cn: ['Zoë', 'b'] },
    });
  });

  it.each([
    [1, 'script', /exit code 1;/],
    [5, 'script', /exit code 5;/],
    [42, 'script', /exit code 42;/],
    [255, 'script', /exit code 255;/],
    [75, 'temporary', /EX_TEMPFAIL/],
  ] as const)('turns exit code %i into the return value, to be retried as %s', async (code, retry, reason) => {
    const { outcome } = await run(`exit ${code}`);
    expect(outcome).toEqual({ ok: false, returnValue: code, retry, reason: expect.stringMatching(reason) });
  });

  it('reports a script that was killed, timed out, or cannot start as an undefined error that says what to do', async () => {
    expect((await run('kill -9 $$')).outcome).toMatchObject({
      ending: 'killed',
      returnValue: 1,
      reason: expect.stringMatching(/SIGKILL/),
    });
    expect((await run('sleep 60', jobFor(), { timeout: '100ms' })).outcome).toMatchObject({
      ending: 'timedOut',
      returnValue: 1,
      reason: expect.stringMatching(/longer than 0\.1 s.*script\.timeout/),
    });
    expect((await run('', jobFor(), { command: ['/no/such/script'] })).outcome).toMatchObject({
      returnValue: 1,
      reason: expect.stringMatching(/\/no\/such\/script does not exist; install it/),
    });
  });

  it('refuses an account that lacks what the command names, for good', async () => {
    const command = [files.sh('echo never'), '{homeDirectory}'];
    for (const home of [[], '', 'a\0b', Buffer.from([0xff]), 'x'.repeat(70_000)]) {
      const { outcome, lines } = await run('', jobFor({ homeDirectory: home }), { command });
      expect(outcome).toMatchObject({ ok: false, retry: 'permanent', reason: expect.stringMatching(/homeDirectory/) });
      expect(lines).toEqual([]);
    }
  });

  it('tries again later where the machine, not the script, is at fault', async () => {
    const saying = (result: ScriptResult): ScriptRunner => ({ run: async () => result, close: async () => {} });
    const outcomeOf = async (result: ScriptResult) => (await run('', jobFor(), { scripts: saying(result) })).outcome;
    const lost = await outcomeOf({ kind: 'lost', reason: 'the launcher died' });
    expect(lost).toEqual({ ok: false, returnValue: 1, reason: 'the launcher died', retry: 'lost' });
    const short = { kind: 'notStarted', code: 'EAGAIN', reason: 'no more processes' } as const;
    expect(await outcomeOf({ ...short, transient: true })).toMatchObject({ retry: 'shortage' });
    expect(await outcomeOf({ ...short, transient: false })).toMatchObject({ retry: 'script' });
  });

  it.each([
    { why: 'it takes it up again', job: { resumed: true, attempt: 2 }, says: 'resumed 1' },
    { why: 'it works on a request that came meanwhile', job: {}, says: 'resumed 0' },
  ])('ends what an earlier service left running for the account before $why', async ({ job, says }) => {
    const base = `ou=${process.pid},dc=example`;
    const dn = `uid=3724300,${base}`;
    const command = [files.sh('while :; do sleep 0.05; done')];
    const { child: left } = await startLeftRun({ base, account: { uid: '3724300', dn }, command });
    const { lines } = await run('echo "resumed $PROV_RESUMED"', jobFor({}, job, dn), { base });
    expect(lines).toEqual([`[ended the script of an earlier service, process group ${left.pid}]`, says]);
    await exited(left);
    expect(left.signalCode).toBe('SIGTERM');
  });

  it('bounds its own time by the limit and the grace', () => {
    const step = stepOf(script, { command: ['true'], timeout: '10m', killGrace: '10s' });
    expect(step.name).toBe('script');
    expect(step.limitMilliseconds).toBeGreaterThanOrEqual(610_000);
    expect(step.limitMilliseconds).toBeLessThan(660_000);
  });
});

describe('the command', () => {
  it('has placeholders replaced inside arguments', () => {
    const job = jobFor({ homeDirectory: '/var/backup/3724300' });
    expect(buildCommand(['/bin/s', '--{mode}={uid}', '{homeDirectory}/x', '{dn}', '{other}'], job)).toEqual({
      ok: true,
      argv: ['/bin/s', '--add=3724300', '/var/backup/3724300/x', DN, '{other}'],
    });
  });

  it('does not replace again inside what was replaced, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const home = `{uid}$&$1{dn}${text.replaceAll('\0', '')}`;
        const built = buildCommand(['s', '<{homeDirectory}>'], jobFor({ homeDirectory: home }));
        expect(built).toEqual({ ok: true, argv: ['s', `<${Buffer.from(home).toString()}>`] });
      }),
    );
  });
});

describe('the environment', () => {
  it('has what the entry has, and nothing else', () => {
    const job = jobFor({ homeDirectory: '/h', uidNumber: '1', gidNumber: '2', sstQuota: '3', userPassword: 'x' });
    expect(buildEnvironment(job, environmentSettings)).toEqual({
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TZ: 'Europe/Zurich',
      PROV_MODE: 'add',
      PROV_UID: '3724300',
      PROV_DN: DN,
      PROV_ENTRY_UUID: '0b1a2c3d-0000-4000-8000-000000000001',
      PROV_HOME_DIRECTORY: '/h',
      PROV_UID_NUMBER: '1',
      PROV_GID_NUMBER: '2',
      PROV_QUOTA: '3',
      PROV_ATTEMPT: '1',
      PROV_RESUMED: '0',
      PROV_HOME_ROOT: '/srv/homes',
      PROV_HOME_LAYOUT: '*/{uid}',
    });
  });

  it('says nothing of where the homes are at a site that has not set it', () => {
    const environment = buildEnvironment(jobFor({}), { ...environmentSettings, homeRoot: null });
    for (const name of ['ROOT', 'LAYOUT']) expect(environment).not.toHaveProperty(`PROV_HOME_${name}`);
  });

  it('leaves out what the entry lacks and what cannot be a value', () => {
    const job = jobFor({ homeDirectory: 'a\0b', uidNumber: Buffer.from([0xff, 0xfe]), gidNumber: 'x'.repeat(70_000) });
    const environment = buildEnvironment(job, { ...environmentSettings, quotaAttribute: null });
    for (const name of ['HOME_DIRECTORY', 'UID_NUMBER', 'GID_NUMBER', 'QUOTA']) {
      expect(environment).not.toHaveProperty(`PROV_${name}`);
    }
    const { record } = job;
    const odd = buildEnvironment({ ...job, record: { ...record, entryUUID: 'a\0b' } }, environmentSettings);
    expect(odd).not.toHaveProperty('PROV_ENTRY_UUID');
  });

  it('says that an attempt is taken up again, and which it is', () => {
    const environment = buildEnvironment(jobFor({}, { resumed: true, attempt: 3 }), environmentSettings);
    expect(environment).toMatchObject({ PROV_RESUMED: '1', PROV_ATTEMPT: '3' });
  });
});

describe('the input', () => {
  it('is one line of JSON that brings back every byte', () => {
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.string().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('cn', 'sn', '__proto__x', 'constructor'), fc.array(value)), (given) => {
        const text = buildInput(jobFor(given));
        expect(text.indexOf('\n')).toBe(text.length - 1);
        const { attributes } = JSON.parse(text);
        for (const [name, values] of Object.entries(given)) {
          const back = attributes[name].map((one: string | { base64: string }) =>
            typeof one === 'string' ? Buffer.from(one) : Buffer.from(one.base64, 'base64'),
          );
          expect(Buffer.concat(back)).toEqual(Buffer.concat(values));
        }
      }),
    );
  });

  it('is bounded, and names what was left out', () => {
    const given = { cn: 'kept', jpegPhoto: [Buffer.alloc(3_000_000), Buffer.alloc(3_000_000)], sn: 'kept too' };
    const { attributes, omitted } = JSON.parse(buildInput(jobFor(given)));
    expect(omitted).toEqual(['jpegPhoto']);
    expect(attributes.jpegPhoto).toHaveLength(1);
    expect(attributes.sn).toEqual(['kept too']);
  });

  it('leaves passwords and keys out, by name', () => {
    const secrets = [
      'userPassword',
      'USERPASSWORD',
      'userPassword;x-old',
      'authPassword',
      'sambaNTPassword',
      'sambaLMPassword',
    ];
    const others = [
      'krbPrincipalKey',
      'userPKCS12',
      'sstPassword',
      'unicodePwd',
      'pwdHistory',
      'ipaNTHash',
      '2.5.4.35',
    ];
    for (const name of [...secrets, ...others]) expect(isSecret(name), name).toBe(true);
    for (const name of ['uid', 'cn', 'homeDirectory', 'sshPublicKey', 'shadowLastChange', 'sstQuota']) {
      expect(isSecret(name), name).toBe(false);
    }
  });
});
