import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { type MailServer, type ReceivedMail, startMailServer } from '../support/mail-server.ts';
import { MAIN } from '../support/main.ts';
import {
  ServiceProcess,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { startWebReceiver, type WebReceiver } from '../support/web-receiver.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
/**
 * Uids with a q and an m fail, each kind by a cause of its own, until a file says that all is
 * mended.
 */
const SCRIPT = `#!/bin/sh
[ -e "$(dirname "$0")/mended" ] && exit 0
case "$2" in
  q*) echo "quota: server timeout for $2" >&2; exit 6 ;;
  m*) echo "mount point of $2 is missing" >&2; exit 5 ;;
esac
`;

let slapd: Slapd;
let mail: MailServer;
let web: WebReceiver;
let folder: string;
let config: string;
let service: ServiceProcess;

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-'));
  [mail, web] = await Promise.all([startMailServer(), startWebReceiver()]);
  await writeFile(join(folder, 'script.sh'), SCRIPT, { mode: 0o755 });
  await configure({});
});
afterEach(async () => {
  if (service.running) await service.kill9();
  await Promise.all([mail.stop(), web.stop()]);
  await rm(folder, { recursive: true, force: true });
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

async function configure(notify: SettingsFile): Promise<void> {
  const settings = withSettings(testSettings(slapd.url, [join(folder, 'script.sh')]), {
    log: { level: 'info' },
    notify: {
      mail: {
        server: `smtp://127.0.0.1:${mail.port}`,
        startTls: false,
        from: 'prov@example.org',
        to: 'ops@example.org',
      },
      webhook: { url: `http://127.0.0.1:${web.port}/hook`, headers: { 'X-Token': 'geheim' } },
      quiet: '1s',
      ...notify,
    },
    operator: { listen: `unix:${join(folder, 'operator.sock')}` },
  });
  config = await writeSettings(folder, settings);
  service = new ServiceProcess(config);
}

const run = (...args: string[]) =>
  attempt(process.execPath, [MAIN, ...args, '-c', config], { env: { PATH: process.env['PATH'], TZ: 'UTC' } });
const said = (what: RegExp | string) => expect.poll(() => service.output, { timeout: 20_000 }).toMatch(what);
const mailsOf = async (count: number): Promise<readonly ReceivedMail[]> => {
  await expect.poll(() => mail.count(), { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
  return mail.mails();
};

async function fail(count: number): Promise<void> {
  const uids = Array.from({ length: count }, (_, n) => `${n % 2 === 0 ? 'q' : 'm'}${n}`);
  await Promise.all(uids.map((uid) => slapd.addAccount(uid, ASKED)));
}

interface Event {
  readonly event: string;
  readonly state: string;
  readonly added: number;
  readonly count: number;
  readonly id: string;
}

const eventsOf = (receiver: WebReceiver) => receiver.posts.flatMap(({ body }) => body.events as Event[]);

describe('the service', () => {
  it('tells of two hundred failures in a handful of messages, nothing at a restart, and their end once', async () => {
    service.start({ TZ: 'UTC' });
    await said(/refreshed/);
    const begun = performance.now();
    await fail(200);
    const isTold = () => eventsOf(web).reduce((sum, { state, added }) => sum + (state === 'resolved' ? 0 : added), 0);
    await expect.poll(isTold, { timeout: 20_000 }).toBe(200);
    // At most one for each of the two causes within a quiet time of a second.
    expect(web.posts.length).toBeLessThanOrEqual(2 + 2 * Math.ceil((performance.now() - begun) / 1_000));
    expect(web.posts.length).toBeLessThan(40);
    const mails = await mailsOf(web.posts.length);
    expect(mails.map(({ headers }) => headers['subject'])).toEqual(web.posts.map(({ body }) => body.text));
    expect(mails[0]?.headers['subject']).toMatch(/^\[FAILED \d+\] prov-backup-rsnapshot@\S+: script [56] \w+: /);
    expect(new Set(eventsOf(web).map(({ id }) => id)).size).toBe(2);
    expect(web.posts[0]?.headers['x-token']).toBe('geheim');

    const before = web.posts.length;
    expect(await service.terminate()).toBe(0);
    service = new ServiceProcess(config);
    service.start();
    await said(/refreshed/);
    await slapd.addAccount('q999', ASKED);
    await expect.poll(() => web.posts.length, { timeout: 20_000 }).toBe(before + 1);
    expect(eventsOf(web).at(-1)).toMatchObject({ event: 'failed', state: 'new', count: 1, added: 1 });

    await writeFile(join(folder, 'mended'), '');
    expect((await run('retry', 'q999')).code).toBe(0);
    await expect.poll(() => eventsOf(web).at(-1)?.state, { timeout: 20_000 }).toBe('resolved');
    expect(web.posts).toHaveLength(before + 2);
    expect(service.output).not.toContain('geheim');
  });

  it('tells of a directory that stays away, and that it is back, while a receiver hangs', async () => {
    web.answer = 'hangs';
    service.start();
    await said(/refreshed/);
    await slapd.halt();
    const [away] = await mailsOf(1);
    expect(away?.headers['subject']).toMatch(/^\[DISCONNECTED\] .*ldap:\/\/127\.0\.0\.1:\d+ cannot be reached$/);
    await slapd.start();
    const [, back] = await mailsOf(2);
    expect(back?.headers['subject']).toMatch(/^\[RESOLVED\] .* cannot be reached$/);
    expect(back?.headers['references']).toBe(away?.headers['references']);

    await slapd.addAccount('ok', ASKED);
    await slapd.waitForMode('ok', 'added');
    const status = JSON.parse((await run('status', '--json')).stdout) as { notify: object };
    expect(status.notify).toMatchObject({
      held: 0,
      receivers: [
        { receiver: 'mail', sent: 2, queued: 0, lost: 0 },
        { receiver: 'webhook', target: `http://127.0.0.1:${web.port}`, sent: 0, queued: 2 },
      ],
    });
    const begun = performance.now();
    expect(await service.terminate()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(6_000);
    expect(service.output).toContain('could not send 2 notifications to http://127.0.0.1');
  });

  it('shows a receiver that refuses in its status and metrics, and goes on', async () => {
    mail.answer = 550;
    service.start();
    await said(/refreshed/);
    await fail(2);
    await expect
      .poll(async () => (await run('status')).stdout.replace(/\n +/g, ' '), { timeout: 20_000 })
      .toMatch(
        /^notify +mail to ops@example\.org by smtp:\/\/127\.0\.0\.1:\d+ is NOT SENT \(.*550.*\): \d+ queued, 0 lost/m,
      );
    const { stdout } = await attempt('curl', [
      ...['-s', '--unix-socket', join(folder, 'operator.sock'), 'http://localhost/metrics'],
    ]);
    expect(stdout).toMatch(/^prov_notify_sent_total\{receiver="webhook"\} [1-9]/m);
    expect(stdout).toMatch(/^prov_notify_failing\{receiver="mail"\} 1$/m);
    expect(stdout).toMatch(/^prov_notify_failed_attempts_total\{receiver="mail"\} [1-9]/m);
  });
});

describe('check', () => {
  it('tries the receivers without sending anything, and sends a test message if it is asked for', async () => {
    const tried = await run('check');
    expect(tried.stdout).toMatch(/^ok +notify mail: .*not encrypted, without authentication$/m);
    expect(tried.stdout).toMatch(/^ok +notify webhook: http:\/\/127\.0\.0\.1:\d+ can be reached, not encrypted$/m);
    expect([mail.count(), web.posts.length]).toEqual([0, 0]);

    const tested = await run('check', '--notify');
    expect(tested.stdout).toMatch(/^ok +notify mail test: a test message was sent to ops@example\.org/m);
    const [only] = await mailsOf(1);
    expect(only?.headers['subject']).toMatch(/^\[TEST\] /);
    expect(web.posts).toMatchObject([{ body: { occasion: 'test' } }]);
  });

  it('says what is wrong with a receiver', async () => {
    await web.stop();
    await configure({ mail: { server: `smtp://127.0.0.1:${mail.port}`, from: 'p@example.org', to: 'o@example.org' } });
    const { code, stdout } = await run('check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL +notify mail: .*STARTTLS.*\n +-> .*notify\.mail/im);
    expect(stdout).toMatch(/^FAIL +notify webhook: .*ECONNREFUSED.*\n +-> .*notify\.webhook/im);
    expect(await readFile(config, 'utf8')).toContain('geheim');
    expect(stdout).not.toContain('geheim');
  });
});
