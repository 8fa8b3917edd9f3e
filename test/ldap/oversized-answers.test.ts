import { afterEach, describe, expect, it } from 'vitest';
import { failureKind } from '../../src/domain/directory-error.ts';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { type DirectoryOperations, operationsAt } from '../../src/ldap/operations.ts';
import { element, enumerated, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { answeringServer } from '../support/answering-server.ts';

const opened: DirectoryOperations[] = [];

function operations(url: string, timeoutMilliseconds = 5_000): DirectoryOperations {
  const access: DirectoryAccess = {
    urls: [url],
    startTls: false,
    tls: { caFile: null, client: null },
    authentication: { method: 'simple', dn: SERVICE_DN, readPassword: async () => SERVICE_PASSWORD },
    timeoutMilliseconds,
  };
  const made = operationsAt(access, url, BASE);
  opened.push(made);
  return made;
}

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

const CHANGE = [{ operation: 'replace', attribute: 'sstProvisioningReturnValue', values: ['1'] }] as const;

describe('an answer that is too large', () => {
  const MEBIBYTE = 2 ** 20;
  const modified = element(Operation.modifyResponse, enumerated(0), octetString(''), octetString(''));
  const done = element(Operation.searchResultDone, enumerated(0), octetString(''), octetString(''));
  const entry = (dn: string, size: number) => {
    const attribute = sequence(octetString('description'), element(Tag.set, octetString(Buffer.alloc(size, 0x78))));
    return element(Operation.searchResultEntry, octetString(dn), sequence(attribute));
  };

  it('to a modify leaves only the entry out that it holds, and the connection stands', async () => {
    let asked = 0;
    const server = await answeringServer((socket, id) => {
      asked += 1;
      const value = entry('uid=a', asked === 2 ? 17 * MEBIBYTE : 1);
      socket.write(encodeMessage(id, modified, [{ type: '1.3.6.1.1.13.2', criticality: false, value }]));
    });
    try {
      const one = operations(server.url);
      const modify = () => one.modify('uid=a,dc=example', CHANGE, { postRead: 'entry' });
      const asOne = await Promise.all([modify(), modify(), modify()]);
      expect(asOne.map((each) => each?.dn)).toEqual(['uid=a', undefined, 'uid=a']);
      expect(server.connections()).toBe(1);
    } finally {
      server.close();
    }
  });

  it('to a read rejects it for good, however slowly it comes, and the connection stands', async () => {
    const server = await answeringServer((socket, id) => {
      const answer = encodeMessage(id, entry('uid=a,dc=example', 17 * MEBIBYTE));
      const piece = 128 * 1024;
      const send = (offset: number): void => {
        if (offset >= answer.length) socket.write(encodeMessage(id, done));
        else socket.write(answer.subarray(offset, offset + piece), () => setTimeout(send, 12, offset + piece));
      };
      send(0);
    });
    try {
      const one = operations(server.url, 1_000);
      const error: unknown = await one.read('uid=a,dc=example').catch((cause: unknown) => cause);
      expect(error).toMatchObject({ resultCode: 90, message: expect.stringMatching(/uid=a.*17825\d\d\d bytes/) });
      expect(failureKind(error)).toBe('refused');
      expect(server.connections()).toBe(1);
    } finally {
      server.close();
    }
  });

  it('in a list is handed over as one that cannot be read', async () => {
    const server = await answeringServer((socket, id) => {
      socket.write(encodeMessage(id, entry('uid=a', 1)));
      socket.write(encodeMessage(id, entry('uid=b', 17 * MEBIBYTE)));
      socket.write(encodeMessage(id, entry('uid=c', 1)));
      socket.write(encodeMessage(id, done));
    });
    try {
      const told: string[] = [];
      await operations(server.url).search(
        { filter: '(uid=*)', attributes: ['*'] },
        {},
        ({ dn, unreadable, values }) => {
          told.push(`${dn} ${unreadable === undefined ? 'read' : values('description').length}`);
        },
      );
      expect(told).toEqual(['uid=a read', 'uid=b 0', 'uid=c read']);
    } finally {
      server.close();
    }
  });
});
