import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { ESC, Terminal } from '../support/terminal.ts';

const ENV = { PATH: process.env['PATH'], TZ: 'UTC', TERM: 'xterm' };
const ENTER = `${ESC}[?1049h`;
const LEAVE = `${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;
const CTRL_C = 3;
const SIGTSTP = 20;
const SIGCONT = 18;

let slapd: Slapd;
let service: RunningService;

beforeAll(async () => {
  slapd = await startSlapd();
  const operator = { listen: `unix:${join(slapd.folder, 'operator.sock')}` };
  service = await setUpService({ url: slapd.url, script: 'exit 6', settings: { operator } });
  await service.start();
});
afterAll(async () => {
  await service.remove();
  await slapd.stop();
});

const command = (...args: string[]) => [process.execPath, MAIN, 'status', '-c', service.configFile, '--watch', ...args];
const watch = (size: { rows: number; columns: number }) => new Terminal(command('--interval', '100ms'), size, ENV);

/** The texts that were shown one after the other, without colours. */
function frames(shown: string): string[][] {
  return shown
    .split(`${ESC}[H`)
    .slice(1)
    .flatMap((frame) => {
      const [text, rest] = frame.split(`${ESC}[J`);
      return rest === undefined || text === undefined ? [] : [text.replace(/\u241b\[[0-9;]*[mK]/g, '').split('\r\n')];
    });
}

describe('status --watch', () => {
  it('shows the status in place, at any size, through a restart of the service, and restores the terminal', async () => {
    const terminal = watch({ rows: 24, columns: 80 });
    await terminal.shows(/connected and up to date/);
    expect(terminal.shown).toContain(ENTER);
    await slapd.addAccount('f1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await terminal.shows(/1 account failed/);
    expect(frames(terminal.shown).at(-1)?.length).toBeLessThanOrEqual(24);

    const from = terminal.shown.length;
    terminal.order('size', 12, 40);
    await expect.poll(() => frames(terminal.shown.slice(from)).at(-1)?.length).toBeLessThanOrEqual(12);
    expect(frames(terminal.shown).at(-1)?.join(' ')).toContain('failed 1');

    await service.stop();
    await terminal.shows(/THE SERVICE CANNOT BE REACHED/);
    await service.start();
    const lastText = () => frames(terminal.shown).at(-1)?.join(' ');
    await expect.poll(lastText, { timeout: 10_000 }).toMatch(/^connected and up to date/);

    terminal.order('type', CTRL_C);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown.endsWith(LEAVE)).toBe(true);
  });

  it('gives the terminal back while it is suspended', async () => {
    const terminal = watch({ rows: 24, columns: 80 });
    await terminal.shows(/connected/);
    let from = terminal.shown.length;
    terminal.order('kill', SIGTSTP);
    await expect.poll(() => terminal.shown.endsWith(LEAVE)).toBe(true);
    from = terminal.shown.length;
    terminal.order('kill', SIGCONT);
    await terminal.shows(/1049h[\s\S]*connected/, from);
    terminal.order('type', CTRL_C);
    expect(await terminal.ended()).toBe(0);
  });

  it('says at once where no service can be reached, and leaves the terminal as it is', async () => {
    const nowhere = [process.execPath, MAIN, 'status', '--watch', '--operator', 'unix:/nowhere'];
    const terminal = new Terminal(nowhere, { rows: 24, columns: 80 }, ENV);
    expect(await terminal.ended()).toBe(2);
    expect(terminal.shown).not.toContain(ENTER);
    expect(terminal.shown).toMatch(/no such socket/);
  });

  it.each([
    [['--watch'], /needs a terminal.*--json/],
    [['--watch', '--json'], /leave these out/],
    [['--interval', '1s'], /can only be used with --watch/],
    [['--watch', '--interval', '1'], /duration/],
  ])('is refused as %j, with a reason', async (args, reason) => {
    const { code, stderr } = await attempt(process.execPath, [MAIN, 'status', '-c', service.configFile, ...args], {
      env: ENV,
    });
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(reason) });
  });
});
