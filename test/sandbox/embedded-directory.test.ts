import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { startEmbedded } from '../support/embedded-directory.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestDirectory } from '../support/test-directory.ts';
import { REQUESTS } from './requests.ts';

describe.each([
  ['the embedded directory', startEmbedded],
  ["OpenLDAP's slapd, for reference", startSlapd],
])('%s, asked with ldap-utils', (_, start) => {
  let server: TestDirectory & { stop(): Promise<void> };
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  it.each(REQUESTS)('$title ($command: $code)', async ({ command, args, input, code, says, saysNot }) => {
    const { url, dn, password } = server.login;
    const bind = ['-x', '-H', url, '-D', dn, '-w', password];
    const result = await attempt(command, [...bind, ...args], input === undefined ? {} : { input });
    const printed = `${result.stdout}\n${result.stderr}`;
    expect({ code: result.code, printed }).toMatchObject({ code });
    if (says !== undefined) expect(printed).toMatch(says);
    if (saysNot !== undefined) expect(printed).not.toMatch(saysNot);
  });
});
