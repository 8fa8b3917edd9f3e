import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import { reloaded } from '../../config/reload.ts';

const SITE = { directory: { url: ['ldap://127.0.0.1'], base: 'dc=example' }, script: { command: ['/bin/true'] } };
const settingsOf = (changes: Record<string, unknown> = {}) =>
  parseConfig(JSON.stringify({ ...SITE, ...changes }), {}, 'FILE');

describe('the settings of a file that is read again', () => {
  it('are the same if nothing has changed', () => {
    const settings = settingsOf();
    expect(reloaded(settings, settingsOf(), {})).toEqual({ settings, changed: [], needRestart: [], faults: [] });
  });

  it('are taken where that is possible, and kept where it needs a restart, each key by its name', () => {
    const after = settingsOf({
      concurrency: 3,
      log: { level: 'debug', file: '/var/log/x' },
      retry: { script: { attempts: 4 } },
      script: { command: ['/bin/false'], timeout: '5s', killGrace: '1s' },
      directory: { ...SITE.directory, url: ['ldap://127.0.0.2'] },
    });
    const { settings, changed, needRestart } = reloaded(settingsOf(), after, {});
    expect(changed).toEqual(['concurrency', 'script.command', 'script.timeout', 'retry.script.attempts', 'log.level']);
    expect(needRestart).toEqual(['directory.url', 'script.killGrace', 'log.file']);
    expect(settings).toMatchObject({
      concurrency: 3,
      log: { level: 'debug', file: null },
      retry: { script: { attempts: 4 }, temporary: { attempts: 10 } },
      script: { command: ['/bin/false'], timeout: 5_000, killGrace: 10_000 },
      directory: { url: ['ldap://127.0.0.1'] },
    });
    expect(reloaded(settings, after, {})).toMatchObject({ changed: [], needRestart });
  });

  it('are not taken where they contradict what needs a restart', () => {
    const after = settingsOf({
      script: { ...SITE.script, homeRoot: '/var/backup' },
      rsnapshot: { enabled: true, template: '/etc/hosts' },
    });
    const { faults, needRestart } = reloaded(settingsOf(), after, {});
    expect(needRestart).toEqual(['script.homeRoot']);
    expect(faults).toMatchObject([{ path: ['script', 'homeRoot'] }]);
  });
});
