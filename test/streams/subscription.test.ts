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
const rootDse = (controls: readonly string[]): Buffer =>
  element(
    Operation.searchResultEntry,
    octetString(''),
    sequence(
      sequence(octetString('vendorName'), element(Tag.set, octetString('Samba Team (https://samba.org)'))),
      sequence(octetString('supportedControl'), element(Tag.set, ...controls.map((oid) => octetString(oid)))),
    ),
  );
const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));

/**
 * Answers each question for the root DSE, and every other search with the operation. Counts those.
 */
async function serverThat(controls: readonly string[], refusal: number) {
  let searches = 0;
  let asked = 0;
  server = await answeringServer((socket: Socket, id: number) => {
    asked += 1;
    // The first request is the one for the root DSE.
    if (asked === 1) {
      socket.write(encodeMessage(id, rootDse(controls)));
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

describe('a server that offers no way to be told of changes', () => {
  it('is told at once where it refuses a search by an ExtendedResponse, as Samba does', async () => {
    const { url, searches } = await serverThat([PERSISTENT_SEARCH], Operation.extendedResponse);
    expect(await refusalOf(url, 'auto')).toMatchObject({
      name: 'DirectoryError',
      resultCode: 12,
      message: expect.stringMatching(/Samba Team.*offers no way to be told of changes/),
      remedy: expect.stringContaining('enable one'),
    });
    // Content synchronization, persistent search, and the probe behind it.
    expect(searches()).toBe(3);
  });

  it('is not asked for a persistent search whose control it does not name', async () => {
    const { url, searches } = await serverThat([], Operation.searchResultDone);
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
});
