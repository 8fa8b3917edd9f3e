import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../../src/domain/entry.ts';
import { BerReader, element, enumerated, octetString, sequence, Tag } from '../../../src/ldap/wire/ber.ts';
import { Framer } from '../../../src/ldap/wire/framer.ts';
import {
  encodeMessage,
  findControl,
  type LdapMessage,
  Operation,
  operationReader,
  type RequestControl,
  readMessage,
} from '../../../src/ldap/wire/message.ts';
import { POST_READ, readPostRead } from '../../../src/ldap/wire/post-read.ts';
import { encodeExternalBind } from '../../../src/ldap/wire/request.ts';
import { SearchEntry } from '../../../src/ldap/wire/search-entry.ts';
import { readWhoAmI } from '../../../src/ldap/wire/who-am-i.ts';
import {
  decodeEntryChangeNotification,
  ENTRY_CHANGE_NOTIFICATION,
  encodeEntryChangeNotification,
} from '../../../streams/protocols/persistent-search/codec.ts';
import {
  decodeSyncDone,
  decodeSyncInfo,
  decodeSyncState,
  encodeSyncDone,
  encodeSyncInfo,
  encodeSyncState,
  SYNC_DONE,
  SYNC_INFO,
  SYNC_STATE,
} from '../../../streams/protocols/syncrepl/codec.ts';
import { pduFixtures } from '../../support/pdu.ts';

/**
 * A short description of a message, and the bytes that our encoders make of the decoded content.
 */
function takeApart(bytes: Buffer): { words: string; encodedAgain: Buffer } {
  const message = readMessage(bytes);
  switch (message.operation) {
    case Operation.searchResultEntry:
      return entry(message);
    case Operation.intermediateResponse:
      return intermediate(message);
    case Operation.bindRequest:
      return saslBind(message);
    default:
      return result(message);
  }
}

function entry(message: LdapMessage) {
  const decoded = new SearchEntry(message.bytes, message.start, message.end);
  const operation = encodeEntry(decoded);
  const controls: RequestControl[] = [];
  let words = 'entry';
  const state = findControl(message, SYNC_STATE);
  if (state !== undefined) {
    const syncState = decodeSyncState(state);
    words = `entry ${syncState.state}`;
    controls.push({ type: SYNC_STATE, criticality: false, value: encodeSyncState(syncState) });
  }
  const notified = findControl(message, ENTRY_CHANGE_NOTIFICATION);
  if (notified !== undefined) {
    const notification = decodeEntryChangeNotification(notified);
    words = `entry notification ${notification.changeType}`;
    const value = encodeEntryChangeNotification(notification);
    controls.push({ type: ENTRY_CHANGE_NOTIFICATION, criticality: false, value });
  }
  return { words, encodedAgain: encodeMessage(message.id, operation, controls) };
}

function intermediate(message: LdapMessage) {
  const reader = operationReader(message);
  expect(reader.text(0x80)).toBe(SYNC_INFO);
  const info = decodeSyncInfo(reader.enter(0x81));
  const operation = element(message.operation, octetString(SYNC_INFO, 0x80), octetString(encodeSyncInfo(info), 0x81));
  const words = {
    newCookie: () => 'newCookie',
    refreshDelete: () => `refreshDelete${'refreshDone' in info && info.refreshDone ? ' done' : ''}`,
    refreshPresent: () => `refreshPresent${'refreshDone' in info && info.refreshDone ? ' done' : ''}`,
    syncIdSet: () =>
      info.kind === 'syncIdSet'
        ? `syncIdSet ${info.refreshDeletes ? 'deletes' : 'present'} ${info.syncUUIDs.length}`
        : '',
  }[info.kind]();
  return { words, encodedAgain: encodeMessage(message.id, operation) };
}

/** The one request among the fixtures. Only the service's own encoder knows a SASL bind. */
function saslBind(message: LdapMessage) {
  const reader = operationReader(message);
  expect([reader.integer(), reader.text()]).toEqual([3, '']);
  const sasl = reader.enter(0xa3);
  const words = `bind ${sasl.text()}${sasl.text()}`;
  return { words, encodedAgain: encodeMessage(message.id, encodeExternalBind()) };
}

function result(message: LdapMessage) {
  const decoded = readWhoAmI(message);
  const parts = [
    enumerated(decoded.resultCode),
    octetString(decoded.matchedDN),
    octetString(decoded.diagnosticMessage),
    ...(decoded.responseName === undefined ? [] : [octetString(decoded.responseName, 0x8a)]),
    ...(decoded.authzId === undefined ? [] : [octetString(decoded.authzId, 0x8b)]),
  ];
  const controls: RequestControl[] = [];
  let words = [`result ${decoded.resultCode}`, decoded.authzId].filter((word) => word !== undefined).join(' ');
  const done = findControl(message, SYNC_DONE);
  if (done !== undefined) {
    const syncDone = decodeSyncDone(done);
    words += ` syncDone${syncDone.refreshDeletes ? ' deletes' : ''}`;
    controls.push({ type: SYNC_DONE, criticality: false, value: encodeSyncDone(syncDone) });
  }
  const read = findControl(message, POST_READ);
  if (read !== undefined) {
    words += ' postRead';
    const entry = readPostRead(read);
    if (entry === undefined) throw new Error('a Post-Read control without a value');
    controls.push({ type: POST_READ, criticality: false, value: encodeEntry(entry) });
  }
  return { words, encodedAgain: encodeMessage(message.id, element(message.operation, ...parts), controls) };
}

function encodeEntry(entry: DirectoryEntry): Buffer {
  const attributes = [...entry.attributes()].map(([name, values]) =>
    sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value)))),
  );
  return element(Operation.searchResultEntry, octetString(entry.dn), sequence(...attributes));
}

/** The same message without an empty controls element at its end. */
function withoutEmptyControls(bytes: Buffer): Buffer {
  const reader = new BerReader(bytes).enter(Tag.sequence);
  const content = bytes.subarray(reader.offset);
  return content.subarray(-2).toString('hex') === 'a000' ? sequence(content.subarray(0, -2)) : bytes;
}

const fixtures = pduFixtures();

describe('messages of real servers, and to them', () => {
  it.each(fixtures)('decodes and encodes again: $name', ({ bytes, decodesAs }) => {
    const { words, encodedAgain } = takeApart(bytes);
    expect(words).toBe(decodesAs);
    expect(encodedAgain.toString('hex')).toBe(withoutEmptyControls(bytes).toString('hex'));
  });

  it.each(fixtures)('gets the message whole however the stream is cut: $name', ({ bytes }) => {
    const stream = Buffer.concat([bytes, bytes, bytes]);
    for (let size = 1; size <= stream.length; size += 1) {
      const frames: string[] = [];
      const framer = new Framer((chunk, start, end) => frames.push(chunk.toString('hex', start, end)));
      for (let offset = 0; offset < stream.length; offset += size) {
        const reused = Buffer.from(stream.subarray(offset, offset + size));
        framer.push(reused);
        reused.fill(0);
      }
      expect(frames).toEqual(Array(3).fill(bytes.toString('hex')));
      expect(framer.idle).toBe(true);
    }
  });

  it('refuses a message with bytes changed, cut or added, or reads something harmless from it', () => {
    const mutation = fc.record({
      fixture: fc.constantFrom(...fixtures),
      flips: fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      cut: fc.option(fc.nat(400)),
      added: fc.uint8Array({ maxLength: 8 }),
    });
    fc.assert(
      fc.property(mutation, ({ fixture, flips, cut, added }) => {
        const bytes = Buffer.concat([fixture.bytes.subarray(0, cut ?? undefined), added]);
        for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value;
        survives(bytes);
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses random bytes, or reads something harmless from them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => survives(Buffer.from(bytes))),
      { numRuns: 2_000 },
    );
    const nested = fc.letrec<{ tlv: Buffer }>((tie) => ({
      tlv: fc
        .tuple(
          fc.constantFrom(0x01, 0x02, 0x04, 0x0a, 0x30, 0x31, 0x64, 0x65, 0x79, 0x80, 0x81, 0xa0, 0xa1, 0xa2, 0xa3),
          fc.oneof(
            { depthSize: 'medium' },
            fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
            fc.array(tie('tlv'), { maxLength: 4 }).map((parts) => Buffer.concat(parts)),
          ),
        )
        .map(([tag, value]) => element(tag, value)),
    })).tlv;
    fc.assert(
      fc.property(fc.array(nested, { maxLength: 4 }), (parts) => survives(sequence(...parts))),
      { numRuns: 5_000 },
    );
  });
});

/**
 * Runs everything that decodes a server's bytes. It returns or throws a DirectoryError, and reads
 * nothing beyond the end.
 */
function survives(bytes: Buffer): void {
  const guarded = Buffer.concat([bytes, Buffer.from('beyond the end')]).subarray(0, bytes.length);
  const decoders = [
    () => {
      const framer = new Framer((chunk, start, end) => {
        expect(end).toBeLessThanOrEqual(chunk.length);
        takeApartAll(readMessage(chunk, start, end));
      });
      framer.push(guarded);
    },
    () => takeApartAll(readMessage(guarded)),
    () => new SearchEntry(guarded, 0, guarded.length).values('uid'),
    () => decodeSyncInfo(new BerReader(guarded)),
    () => decodeSyncState(new BerReader(guarded)),
    () => decodeSyncDone(new BerReader(guarded)),
    () => readPostRead(new BerReader(guarded)),
    () => decodeEntryChangeNotification(new BerReader(guarded)),
  ];
  for (const decode of decoders) {
    try {
      decode();
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
    }
  }
}

function takeApartAll(message: LdapMessage): void {
  const attempts = [
    () => {
      const decoded = new SearchEntry(message.bytes, message.start, message.end);
      // An entry that passed the check in the constructor can be read without an error.
      try {
        expect(typeof decoded.dn).toBe('string');
        for (const [name, values] of decoded.attributes())
          expect(decoded.values(name).length + values.length).toBeGreaterThan(-1);
      } catch (error) {
        throw new Error('an accepted entry could not be read', { cause: error });
      }
    },
    () => findControl(message, SYNC_STATE),
    () => readWhoAmI(message),
    () => decodeSyncInfo(operationReader(message).enter(0x81)),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
    }
  }
}
