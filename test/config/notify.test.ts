import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../config/fault.ts';
import { parseConfig } from '../../config/load-config.ts';
import { redacted } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import { fencedBlocks } from '../support/fenced-blocks.ts';

const REST = 'directory: { url: ldap://localhost, base: dc=example }\nscript: { command: [/bin/true] }\n';
const MAIL = 'server: smtp://mail.example.org, from: p@example.org, to: ops@example.org';

const settingsOf = (notify: string): Settings => parseConfig(`${REST}notify: ${notify}`, {}, 'service.yaml');

function faultsOf(notify: string): string[] {
  try {
    settingsOf(notify);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim().replace(/^line \d+: /, ''));
  }
}

describe('the settings of notifications', () => {
  it.each([['null'], ['{}'], ['{ mail: null, webhook: null }']])('notify nobody where they are %s', (given) => {
    const { mail, webhook, on, quiet, digest } = settingsOf(given).notify;
    expect([mail.server, webhook.url, on, quiet, digest]).toEqual([
      null,
      null,
      ['failed', 'disconnected'],
      300_000,
      null,
    ]);
  });

  it('take the ports of the standards, one recipient or several, and encrypt by default', () => {
    expect(settingsOf(`{ mail: { ${MAIL} } }`).notify.mail).toMatchObject({
      server: { scheme: 'smtp', host: 'mail.example.org', port: 587 },
      startTls: true,
      to: ['ops@example.org'],
    });
    const other = '{ mail: { server: "smtps://[::1]", from: p@example.org, to: [a@example.org, b@example.org] } }';
    expect(settingsOf(other).notify.mail.server).toEqual({ scheme: 'smtps', host: '::1', port: 465 });
  });

  it.each([
    ['{ on: [failed, diconnected] }', /^notify\.on: .* disconnected, .*; "diconnected": disconnected\?$/],
    ['{ quiet: 30 }', /^notify\.quiet: .*the unit is missing: 30s\?/],
    ['{ digest: 7:00 }', /^notify\.digest: given .*a time of day/],
    ['{ digest: "25:00" }', /^notify\.digest: given "25:00"/],
    ['{ mial: {} }', /^notify\.mial: given an unknown key, expected mail$/],
    ['{ mail: { server: mail.example.org } }', /^notify\.mail\.server: .*smtp:\/\/HOST:PORT/],
    ['{ mail: { server: "smtp://u:p@host" } }', /the user and the password have their own keys/],
    [`{ mail: { ${MAIL.replace('to: ops', 'to: "Ops <x@y>, ops')}" } }`, /^notify\.mail\.to: .*mail addresses/],
    ['{ mail: { server: smtp://m, to: o@e.org } }', /^notify\.mail\.from is not set; expected the address/],
    [
      '{ mail: { server: smtp://m, from: o@e.org } }',
      /^notify\.mail\.to is not set; expected the addresses of the recipients of the mails/,
    ],
    ['{ mail: { from: o@e.org, to: o@e.org } }', /^notify\.mail\.server is not set; expected the server/],
    [`{ mail: { ${MAIL}, user: prov } }`, /^notify\.mail\.passwordFile is not set/],
    [`{ mail: { ${MAIL}, passwordFile: /p } }`, /^notify\.mail\.user is not set/],
    [`{ mail: { ${MAIL}, startTls: false, user: u, passwordFile: /p } }`, /^notify\.mail\.startTls: .*unencrypted$/],
    ['{ webhook: { url: ftp://geheim } }', /^notify\.webhook\.url: given a value \(not shown\), expected an https/],
    ['{ webhook: { url: "https://u:geheim@h/" } }', /^notify\.webhook\.url: .*put a password into headers/],
    ['{ webhook: { url: "http://h/", headers: { A: geheim } } }', /^notify\.webhook\.url: .*an https:\/\/ URL/],
    ['{ webhook: { headers: { A: "ge\\nheim" } } }', /^notify\.webhook\.headers: .*the value of A must be one line/],
    ['{ webhook: { headers: { Content-Length: "5" } } }', /^notify\.webhook\.headers: .*is set by the request/],
    ['{ webhook: { headers: { A: 5 } } }', /^notify\.webhook\.headers: .*write A in quotes/],
  ])('are refused as %s, with what is expected, and without what may be secret', (given, words) => {
    const faults = faultsOf(given);
    expect(faults).toEqual([expect.stringMatching(words)]);
    expect(faults.join()).not.toMatch(/geheim/);
  });

  it('are as the page about them shows', () => {
    const [shown = ''] = fencedBlocks('docs/notifications.md', '# Notifications', 'yaml');
    expect(parseConfig(REST + shown, {}, 'service.yaml').notify).toMatchObject({
      mail: { user: 'prov', startTls: true },
      webhook: { headers: { Authorization: 'Bearer TOKEN' } },
      digest: '07:00',
    });
  });

  it('may send a password in the clear to this host alone', () => {
    const local = MAIL.replace('mail.example.org', '127.0.0.1');
    expect(faultsOf(`{ mail: { ${local}, startTls: false, user: u, passwordFile: /p } }`)).toEqual([]);
    expect(faultsOf('{ webhook: { url: "http://[::1]:80/", headers: { A: b } } }')).toEqual([]);
  });

  it('are shown without the headers, and without the path of the webhook', () => {
    const settings = settingsOf('{ webhook: { url: "https://h/geheim", headers: { Authorization: geheim } } }');
    const shown = JSON.stringify(redacted(settings).notify.webhook);
    expect(shown).toContain('https://h/(not shown)');
    expect(shown).toContain('Authorization');
    expect(shown).not.toContain('geheim');
  });
});
