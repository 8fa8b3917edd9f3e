import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt, exited, track } from '../support/children.ts';
import { freePort } from '../support/free-port.ts';
import { MAIN } from '../support/main.ts';

/** The sandbox as a process with its own temporary folder. */
class Sandbox {
  readonly #child: ChildProcess;
  #printed = '';

  constructor(temporary: string, args: readonly string[]) {
    this.#child = track(
      spawn(process.execPath, [MAIN, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], TMPDIR: temporary, TZ: 'UTC' },
      }),
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (said: string) => {
        this.#printed += said;
      });
    }
  }

  get printed(): string {
    return this.#printed;
  }

  get port(): number {
    return Number(/ldap:\/\/127\.0\.0\.1:([0-9]+)/.exec(this.#printed)?.[1]);
  }

  async prints(what: RegExp): Promise<void> {
    await expect.poll(() => this.#printed, { timeout: 20_000, interval: 10 }).toMatch(what);
  }

  /** Resolves to the exit code, or null if a signal ended it. */
  async ended(): Promise<number | null> {
    await exited(this.#child);
    return this.#child.exitCode;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  stopReading(): void {
    this.#child.stdout?.destroy();
  }
}

describe('the sandbox', () => {
  let temporary: string;
  let sandbox: Sandbox | undefined;
  const start = (...args: string[]) => {
    sandbox = new Sandbox(temporary, args);
    return sandbox;
  };
  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), "sandbox test's-"));
  });
  afterEach(async () => {
    sandbox?.signal('SIGKILL');
    await sandbox?.ended();
    sandbox = undefined;
    await rm(temporary, { recursive: true, force: true });
  });

  /** Expects that its temporary folder is empty and its port is closed. */
  async function expectNothingLeft(of: Sandbox): Promise<void> {
    expect(await readdir(temporary)).toEqual([]);
    const probe = connect(of.port, '127.0.0.1');
    await expect(once(probe, 'connect')).rejects.toThrow('ECONNREFUSED');
  }

  it('leads an account through its life once, and leaves nothing behind', async () => {
    const once = start('sandbox', '--once');
    expect(await once.ended()).toBe(0);
    for (const mode of ['added', 'modified', 'deleted']) {
      expect(once.printed).toMatch(new RegExp(`finished +3724300 +${mode} `));
      expect(once.printed).toContain(`< sstProvisioningMode: ${mode}`);
    }
    expect(once.printed).toContain('The entry is gone.');
    expect(once.printed).not.toMatch(/failed|cannot|undefined|retrying/);
    await expectNothingLeft(once);
  });

  it('is what a start without a command does', async () => {
    const bare = start();
    await bare.prints(/Your turn/);
    bare.signal('SIGTERM');
    expect(await bare.ended()).toBe(0);
    await expectNothingLeft(bare);
  });

  it('stays up, does what the printed commands ask for, and ends whole with Ctrl-C', async () => {
    const staying = start('sandbox');
    await staying.prints(/explain -c .*\n/);
    const [, paste = ''] = /^(ldapmodify [\s\S]*?^END)$/m.exec(staying.printed) ?? [];
    expect((await attempt('sh', ['-c', paste])).code).toBe(0);
    await staying.prints(/finished +4000001 +modified/);
    const [, search = ''] = /^(ldapsearch .*)$/m.exec(staying.printed) ?? [];
    expect((await attempt('sh', ['-c', search])).stdout).toContain('sstProvisioningMode: modified');
    const [, load = ''] = /^npm start -- (ldif load .*)$/m.exec(staying.printed) ?? [];
    const program = `${process.execPath} ${MAIN}`;
    expect(await attempt('sh', ['-c', `${program} ${load}`])).toMatchObject({ code: 0 });
    await staying.prints(/finished +3724301 +added/);
    for (const asked of ['status', 'explain']) {
      const [, line = ''] = new RegExp(`^npm start -- (${asked} .*)$`, 'm').exec(staying.printed) ?? [];
      expect(await attempt('sh', ['-c', `${program} ${line}`])).toMatchObject({ code: 0, stderr: '' });
    }
    const [, command = '', first = ''] = /^(ldapmodify -x .*) -f (.*)$/m.exec(staying.printed) ?? [];
    for (const [file, mode] of [
      ['02_modify', 'modified'],
      ['03_delete', 'deleted'],
    ]) {
      const next = first.replace('01_add', file ?? '');
      expect((await attempt('sh', ['-c', `${command} -f ${next}`])).code).toBe(0);
      await staying.prints(new RegExp(`finished +3724301 +${mode}`));
    }
    expect((await attempt('sh', ['-c', `${command} -f ${first.replace('01_add', '04_remove')}`])).code).toBe(0);

    staying.signal('SIGINT');
    expect(await staying.ended()).toBe(0);
    await expectNothingLeft(staying);
  });

  it('ends whole when it is interrupted twice in the middle of the walk', async () => {
    const walking = start('sandbox', '--once');
    await walking.prints(/1 {2}Add/);
    walking.signal('SIGINT');
    walking.signal('SIGINT');
    await walking.ended();
    await expectNothingLeft(walking);
  });

  it('ends when nobody reads any more what it prints', async () => {
    const unheard = start('sandbox');
    await unheard.prints(/Your turn/);
    unheard.stopReading();
    const [, paste = ''] = /^(ldapmodify [\s\S]*?^END)$/m.exec(unheard.printed) ?? [];
    await attempt('sh', ['-c', paste]);
    expect(await unheard.ended()).toBe(0);
    await expectNothingLeft(unheard);
  });

  it('listens where it was asked to', async () => {
    const port = await freePort();
    const there = start('--once', '--port', String(port));
    expect(await there.ended()).toBe(0);
    expect(there.port).toBe(port);
  });

  it('says so when the port is taken, and when it is no port', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const late = start('sandbox', '--port', String(port));
    expect(await late.ended()).toBe(1);
    expect(late.printed).toContain(`port ${port} of 127.0.0.1 is taken: choose another one with --port`);
    expect(await readdir(temporary)).toEqual([]);
    taken.close();
    const wrong = await attempt(process.execPath, [MAIN, 'sandbox', '--port', '70000']);
    expect(wrong.code).toBe(64);
    expect(wrong.stderr).toContain('a port is a number from 0 to 65535');
  });
});
