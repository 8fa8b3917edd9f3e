import type { Socket } from 'node:net';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProtocolName } from '../../src/domain/change.ts';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { element, enumerated, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import { answeringServer } from '../support/answering-server.ts';

type Server = Awaited<ReturnType<typeof answeringServer>>;
let server: Server | undefined;
afterEach(() => server?.close());

const REFUSED = [enumerated(12), octetString(''), octetString('Unsupported critical extension')] as const;
type RootDse = Readonly<Record<string, readonly string[]>>;
const rootDse = (attributes: RootDse): Buffer =>
  element(
    Operation.searchResultEntry,
    octetString(''),
    sequence(
      ...Object.entries(attributes).map(([name, values]) =>
        sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value)))),
      ),
    ),
  );
const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));

/**
 * Answers each question for the root DSE, and every other search with the operation. Counts those.
 */
async function serverThat(attributes: RootDse, refusal: number) {
  let searches = 0;
  let asked = 0;
  server = await answeringServer((socket: Socket, id: number) => {
    asked += 1;
    // The first request is the one for the root DSE.
    if (asked === 1) {
      socket.write(encodeMessage(id, rootDse(attributes)));
      socket.write(encodeMessage(id, done));
      return;
    }
    searches += 1;
    socket.write(encodeMessage(id, element(refusal, ...REFUSED)));
  });
  return { url: server.url, searches: () => searches };
}

async function refusalOf(url: string, protocol: 'auto' | ProtocolName): Promise<unknown> {
  const access: DirectoryAccess = {
    urls: [url],
    startTls: false,
    tls: { caFile: null, client: null },
    authentication: { method: 'anonymous' },
    timeoutMilliseconds: 5_000,
  };
  const content = { base: 'dc=example', filter: '(uid=*)', attributes: ['uid'] };
  const watch$ = subscribeOnce({ access, url, protocol, deadAfterMilliseconds: 60_000, ...content });
  return lastValueFrom(watch$).catch((error: unknown) => error);
}

const PERSISTENT_SEARCH = '2.16.840.1.113730.3.4.3';
const ACTIVE_DIRECTORY = { supportedCapabilities: ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1670'] };
const SAMBA = { ...ACTIVE_DIRECTORY, vendorName: ['Samba Team (https://samba.org)'] };

describe('a server that offers no subscription to changes', () => {
  it('is reported at once if it refuses a search by an ExtendedResponse, as Samba does', async () => {
    const attributes = { ...SAMBA, supportedControl: [PERSISTENT_SEARCH] };
    const { url, searches } = await serverThat(attributes, Operation.extendedResponse);
    expect(await refusalOf(url, 'auto')).toMatchObject({
      name: 'DirectoryError',
      resultCode: 12,
      message: expect.stringMatching(/Samba Team.*offers no way to be told of changes/),
      remedy: expect.stringContaining('also that of Samba'),
    });
    // Content synchronization, persistent search, and the probe behind it.
    expect(searches()).toBe(3);
  });

  it('is not asked for a persistent search whose control it does not name', async () => {
    const { url, searches } = await serverThat({}, Operation.searchResultDone);
    expect(await refusalOf(url, 'persistentSearch')).toMatchObject({
      resultCode: 12,
      message: expect.stringContaining(
        `persistent search: the server does not name its control (${PERSISTENT_SEARCH})`,
      ),
    });
    expect(searches()).toBe(0);
    expect(await refusalOf(url, 'auto')).toMatchObject({
      message: expect.stringContaining('does not name its control'),
    });
  });

  it.each([
    ['Active Directory', ACTIVE_DIRECTORY, /^Active Directory.*nothing enables them: keep the accounts in/],
    ['OpenLDAP', { objectClass: ['top', 'OpenLDAProotDSE'] }, /^enable .* in slapd: moduleload syncprov/],
    ['389-Directory/3.1', { vendorName: ['389 Project'], vendorVersion: ['389-Directory/3.1'] }, /^enable the plugins/],
    [
      'Apache Software Foundation 2.0.0.AM26',
      { vendorName: ['Apache Software Foundation'], vendorVersion: ['2.0.0.AM26'] },
      /^enable content synchronization.*or persistent search/,
    ],
    ['unknown server', {}, /^enable content synchronization.*or persistent search.*if it has neither, keep/],
  ])('is named, and what to enable in it: %s', async (name, attributes, remedy) => {
    const { url } = await serverThat(attributes, Operation.searchResultDone);
    const error = await refusalOf(url, 'auto');
    expect(error).toMatchObject({ resultCode: 12, remedy: expect.stringMatching(remedy) });
    expect(error).toMatchObject({ message: expect.stringMatching(`^the directory \\(${name}\\) offers no way`) });
  });

  it.each([
    ['syncrepl', { vendorName: ['389 Project'] }, 'set directory.subscription: auto'],
    ['persistentSearch', { objectClass: ['OpenLDAProotDSE'] }, 'OpenLDAP has no persistent search'],
  ] as const)('is reported for the one that directory.subscription names: %s', async (wanted, attributes, remedy) => {
    const { url } = await serverThat(attributes, Operation.searchResultDone);
    expect(await refusalOf(url, wanted)).toMatchObject({
      message: expect.stringContaining(`does not offer the subscription ${wanted}`),
      remedy: expect.stringContaining(remedy),
    });
  });
});
