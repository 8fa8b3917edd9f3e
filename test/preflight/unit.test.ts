import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { checkUnit, compareFolders, compareStop } from '../../src/preflight/unit.ts';
import { readTimeSpan, readUnitFile } from '../../src/preflight/unit-file.ts';

const UNIT = join(import.meta.dirname, '../../packaging/prov-backup-rsnapshot.service');
const SHIPPED = readFileSync(UNIT, 'utf8');
const CONFIGURATION = '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml';

function settingsWith(sections: Readonly<Record<string, object>> = {}): Settings {
  const required = { directory: { url: 'ldap://127.0.0.1', base: 'dc=example' } };
  const script = { command: ['/usr/local/sbin/create-chroot.sh'], ...sections['script'] };
  return parseConfig(JSON.stringify({ ...required, ...sections, script }), {}, 'test.yaml');
}

const unitOf = (text: string) => readUnitFile(text, '');
const folders = (unit: string, settings: Settings, config = CONFIGURATION) =>
  compareFolders(unitOf(unit), config, settings).map(({ verdict, what, found }) => `${verdict} ${what}: ${found}`);
const stop = (unit: string, settings = settingsWith()) => compareStop(unitOf(unit), settings);

describe('the folders', () => {
  const usual = settingsWith({
    script: { homeRoot: '/var/backup' },
    rsnapshot: { enabled: true },
    log: { file: '/var/log/prov-backup-rsnapshot/provisioning.log' },
    operator: { listen: 'unix:/run/prov-backup-rsnapshot/operator.sock' },
  });

  it('of the usual settings can all be used under the unit that is shipped', () => {
    expect(folders(SHIPPED, usual)).toEqual([
      `ok unit: folders: ${[
        CONFIGURATION,
        '/usr/local/sbin/create-chroot.sh',
        '/var/backup',
        '/etc/rsnapshot.d',
        '/var/log/prov-backup-rsnapshot',
        '/run/prov-backup-rsnapshot',
        '/run/prov-backup-rsnapshot',
      ].join(', ')}`,
    ]);
  });

  it('that the unit leaves read-only are each named, with the setting and the reason', () => {
    const settings = settingsWith({ script: { homeRoot: '/srv/homes' }, log: { file: '/var/log/prov.log' } });
    expect(folders(SHIPPED, settings)).toEqual([
      'fail unit: script.homeRoot: /srv/homes is read-only for the service and its scripts (ProtectSystem=strict)',
      'fail unit: log.file: /var/log is read-only for the service and its scripts (ProtectSystem=strict)',
    ]);
  });

  it('that the unit hides are named, though they are listed as writable', () => {
    const unit = `${SHIPPED}\n[Service]\nReadWritePaths=/home/backup\n`;
    const settings = settingsWith({ script: { homeRoot: '/home/backup', command: ['/root/script.sh'] } });
    expect(folders(unit, settings)).toEqual([
      'fail unit: script.command: /root/script.sh is hidden from the service and its scripts (ProtectHome=yes)',
      'fail unit: script.homeRoot: /home/backup is hidden from the service and its scripts (ProtectHome=yes)',
    ]);
    expect(folders(SHIPPED, settingsWith(), '/tmp/service.yaml')).toEqual([
      'fail unit: configuration: /tmp/service.yaml is hidden from the service and its scripts (PrivateTmp=yes)',
    ]);
  });

  it.each([
    ['a drop-in that adds a folder', 'ReadWritePaths=/srv/homes'],
    ['one that adds a folder above', 'ReadWritePaths=-/srv/'],
    ['one that binds it', 'BindPaths=/mnt/big:/srv/homes'],
    ['one that drops the protection', 'ProtectSystem=no'],
    ['one that protects only the system', 'ProtectSystem=full'],
  ])('can be used with %s', (_, line) => {
    const settings = settingsWith({ script: { homeRoot: '/srv/homes' } });
    expect(folders(`${SHIPPED}\n[Service]\n${line}\n`, settings)).toEqual([expect.stringMatching(/^ok /)]);
  });

  it.each([
    ['one that empties the list', 'ReadWritePaths=', '(ProtectSystem=strict)'],
    ['one that makes a folder in it read-only', 'ReadOnlyPaths=/var/backup/homes', '(ReadOnlyPaths)'],
  ])('cannot be used with %s', (_, line, reason) => {
    const settings = settingsWith({ script: { homeRoot: '/var/backup/homes' } });
    expect(folders(`${SHIPPED}\n[Service]\n${line}\n`, settings).join()).toContain(reason);
  });
});

describe('the stop', () => {
  it('leaves the time to drain under the unit that is shipped', () => {
    expect(stop(SHIPPED).verdict).toBe('ok');
  });

  it('fails where systemd kills before the scripts may end, and says how long it must wait', () => {
    const settings = settingsWith({ shutdown: { grace: '10m' } });
    expect(stop(SHIPPED, settings)).toMatchObject({
      verdict: 'fail',
      remedy: 'systemctl edit: [Service] TimeoutStopSec=630',
    });
    expect(stop(`${SHIPPED}\n[Service]\nTimeoutStopSec=11min\n`, settings).verdict).toBe('ok');
    expect(stop(`${SHIPPED}\n[Service]\nTimeoutStopSec=infinity\n`, settings).verdict).toBe('ok');
  });

  it('counts the 90 s of systemd where the unit says nothing', () => {
    const unit = '[Service]\nKillMode=mixed\n';
    expect(stop(unit).verdict).toBe('ok');
    const late = stop(unit, settingsWith({ shutdown: { grace: '90s' } }));
    expect(late).toMatchObject({ verdict: 'fail', found: expect.stringContaining('90s, the default, is not longer') });
  });

  it('fails where the unit gives no time span', () => {
    expect(stop(`${SHIPPED}\n[Service]\nTimeoutStopSec=soon\n`)).toMatchObject({
      verdict: 'fail',
      found: 'TimeoutStopSec=soon is not a time span',
    });
  });

  it('fails where the scripts get the signal, too', () => {
    expect(stop(SHIPPED.replace('KillMode=mixed', ''))).toMatchObject({
      found: expect.stringContaining('control-group'),
    });
  });
});

describe('a unit', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'unit-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is read from a file, and compared with the configuration that is checked', async () => {
    expect((await checkUnit(UNIT, CONFIGURATION, settingsWith())).map(({ verdict }) => verdict)).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    const [other] = await checkUnit(UNIT, '/etc/other.yaml', settingsWith());
    expect(other).toMatchObject({ verdict: 'advice', found: expect.stringContaining('not with /etc/other.yaml') });
  });

  it('of a template is read for its instance', async () => {
    const file = join(folder, 'prov@second.service');
    writeFileSync(file, '[Service]\nExecStart=prov-backup-rsnapshot run -c /etc/%i.yaml\nKillMode=mixed\n');
    const [line] = await checkUnit(file, '/etc/second.yaml', settingsWith());
    expect(line).toMatchObject({ verdict: 'ok', found: 'it runs with /etc/second.yaml' });
  });

  it('that cannot be read fails, with what to do', async () => {
    const missing = join(folder, 'missing.service');
    expect(await checkUnit(missing, CONFIGURATION, settingsWith())).toMatchObject([{ verdict: 'fail' }]);
    expect(await checkUnit('no-such-unit-here.service', CONFIGURATION, settingsWith())).toMatchObject([
      { verdict: 'fail', remedy: expect.stringContaining('give its file') },
    ]);
  });

  it('is read as systemd reads it: continued lines, comments, later sections, emptied lists', () => {
    const unit = unitOf(
      [
        '[Service]',
        '# A=1',
        'A=one \\',
        '; not this',
        '  two',
        '[Unit]',
        'A=3',
        '[Service]',
        'B=1',
        'B=',
        'B=2',
        '',
      ].join('\n'),
    );
    expect({ a: unit.words('A'), b: unit.words('B'), c: unit.value('C') }).toEqual({
      a: ['one', 'two'],
      b: ['2'],
      c: undefined,
    });
  });
});

it.each([
  ['60', 60_000],
  ['1min 30s', 90_000],
  ['1.5 h', 5_400_000],
  ['500ms', 500],
  ['infinity', Number.POSITIVE_INFINITY],
  ['soon', undefined],
  ['5 parsecs', undefined],
])('reads the time span %s', (text, milliseconds) => {
  expect(readTimeSpan(text)).toBe(milliseconds);
});
