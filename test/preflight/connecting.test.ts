import { expect, it } from 'vitest';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { element, enumerated, octetString } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { checkConnecting } from '../../src/preflight/connecting.ts';
import { answeringServer } from '../support/answering-server.ts';
import { startEmbedded } from '../support/embedded-directory.ts';

function accessTo(url: string, dn: string, password: string): DirectoryAccess {
  return {
    urls: [url],
    startTls: false,
    tls: { caFile: null, client: null },
    authentication: { method: 'simple', dn, readPassword: async () => password },
    timeoutMilliseconds: 5_000,
  };
}

it('`check` says as whom a server knows the service', async () => {
  const server = await startEmbedded();
  try {
    const { url, dn, password } = server.login;
    const access = accessTo(url, dn, password);
    const lines = await checkConnecting(access, url);
    expect(lines.at(-1)).toMatchObject({
      verdict: 'ok',
      found: `bound as ${dn}; the server knows the service as dn:${dn}`,
    });
    const anonymous = await checkConnecting({ ...access, authentication: { method: 'anonymous' } }, url);
    expect(anonymous.at(-1)).toMatchObject({
      verdict: 'advice',
      found: 'anonymous; the server knows the service as anonymous',
    });
  } finally {
    await server.stop();
  }
});

it('`check` says what a server answers that does not tell', async () => {
  const words = [enumerated(2), octetString(''), octetString('no such\nthing')];
  const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));
  const refused = element(Operation.extendedResponse, ...words);
  // The first connection is asked for the root DSE, the second one for its name.
  const server = await answeringServer((socket, id) => {
    socket.write(encodeMessage(id, server.connections() === 1 ? done : refused));
  });
  try {
    const lines = await checkConnecting(accessTo(server.url, 'cn=a', 'b'), server.url);
    expect(lines.at(-1)).toMatchObject({
      verdict: 'ok',
      found: 'bound as cn=a; the server does not say as whom it knows the service: protocol error (2): no such\\nthing',
    });
  } finally {
    server.close();
  }
});
