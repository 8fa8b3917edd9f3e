/**
 * Encodes and decodes the controls and messages of LDAP Content Synchronization (RFC 4533, section
 * 2).
 */
import {
  type BerReader,
  boolean,
  element,
  enumerated,
  malformed,
  octetString,
  sequence,
  Tag,
} from '../../../src/ldap/wire/ber.ts';

export const SYNC_REQUEST = '1.3.6.1.4.1.4203.1.9.1.1';
export const SYNC_STATE = '1.3.6.1.4.1.4203.1.9.1.2';
export const SYNC_DONE = '1.3.6.1.4.1.4203.1.9.1.3';
export const SYNC_INFO = '1.3.6.1.4.1.4203.1.9.1.4';

/** syncRequestValue (section 2.2). */
export interface SyncRequest {
  readonly mode: 'refreshOnly' | 'refreshAndPersist';
  readonly cookie?: Buffer;
  readonly reloadHint: boolean;
}

/** syncStateValue (section 2.3). */
export interface SyncState {
  readonly state: SyncStateName;
  /** 16 bytes. */
  readonly entryUUID: Buffer;
  readonly cookie?: Buffer;
}

const STATES = ['present', 'add', 'modify', 'delete'] as const;
export type SyncStateName = (typeof STATES)[number];

/** syncDoneValue (section 2.4). */
export interface SyncDone {
  readonly cookie?: Buffer;
  readonly refreshDeletes: boolean;
}

/** syncInfoValue (section 2.5). */
export type SyncInfo =
  | { readonly kind: 'newCookie'; readonly cookie: Buffer }
  | { readonly kind: 'refreshDelete' | 'refreshPresent'; readonly cookie?: Buffer; readonly refreshDone: boolean }
  | {
      readonly kind: 'syncIdSet';
      readonly cookie?: Buffer;
      readonly refreshDeletes: boolean;
      readonly syncUUIDs: readonly Buffer[];
    };

const MODE = { refreshOnly: 1, refreshAndPersist: 3 } as const;
const NEW_COOKIE = 0x80;
const REFRESH_DELETE = 0xa1;
const REFRESH_PRESENT = 0xa2;
const SYNC_ID_SET = 0xa3;
const UUID_BYTES = 16;

export function encodeSyncRequest(request: SyncRequest): Buffer {
  return sequence(enumerated(MODE[request.mode]), ...cookieOf(request), ...unlessDefault(request.reloadHint, false));
}

export function decodeSyncRequest(value: BerReader): SyncRequest {
  const reader = value.enter(Tag.sequence);
  const mode = reader.integer(Tag.enumerated);
  if (mode !== MODE.refreshOnly && mode !== MODE.refreshAndPersist) throw malformed(`sync mode ${mode}`);
  return {
    mode: mode === MODE.refreshOnly ? 'refreshOnly' : 'refreshAndPersist',
    ...readCookie(reader),
    reloadHint: readBoolean(reader, false),
  };
}

export function encodeSyncState(state: SyncState): Buffer {
  return sequence(enumerated(STATES.indexOf(state.state)), octetString(state.entryUUID), ...cookieOf(state));
}

export function decodeSyncState(value: BerReader): SyncState {
  const reader = value.enter(Tag.sequence);
  const code = reader.integer(Tag.enumerated);
  const state = STATES[code];
  if (state === undefined) throw malformed(`sync state ${code}`);
  const entryUUID = readUUID(reader);
  return reader.done ? { state, entryUUID } : { state, entryUUID, ...readCookie(reader) };
}

export function encodeSyncDone(done: SyncDone): Buffer {
  return sequence(...cookieOf(done), ...unlessDefault(done.refreshDeletes, false));
}

export function decodeSyncDone(value: BerReader): SyncDone {
  const reader = value.enter(Tag.sequence);
  return { ...readCookie(reader), refreshDeletes: readBoolean(reader, false) };
}

export function encodeSyncInfo(info: SyncInfo): Buffer {
  switch (info.kind) {
    case 'newCookie':
      return octetString(info.cookie, NEW_COOKIE);
    case 'refreshDelete':
    case 'refreshPresent':
      return element(
        info.kind === 'refreshDelete' ? REFRESH_DELETE : REFRESH_PRESENT,
        ...cookieOf(info),
        ...unlessDefault(info.refreshDone, true),
      );
    case 'syncIdSet': {
      const uuids = element(Tag.set, ...info.syncUUIDs.map((uuid) => octetString(uuid)));
      return element(SYNC_ID_SET, ...cookieOf(info), ...unlessDefault(info.refreshDeletes, false), uuids);
    }
  }
}

export function decodeSyncInfo(value: BerReader): SyncInfo {
  const choice = value.peek();
  switch (choice) {
    case NEW_COOKIE:
      return { kind: 'newCookie', cookie: value.octets(choice) };
    case REFRESH_DELETE:
    case REFRESH_PRESENT: {
      const reader = value.enter(choice);
      const kind = choice === REFRESH_DELETE ? 'refreshDelete' : 'refreshPresent';
      return { kind, ...readCookie(reader), refreshDone: readBoolean(reader, true) };
    }
    case SYNC_ID_SET: {
      const reader = value.enter(choice);
      const cookie = readCookie(reader);
      const refreshDeletes = readBoolean(reader, false);
      const uuids = reader.enter(Tag.set);
      const syncUUIDs: Buffer[] = [];
      while (!uuids.done) syncUUIDs.push(readUUID(uuids));
      return { kind: 'syncIdSet', ...cookie, refreshDeletes, syncUUIDs };
    }
    default:
      throw malformed(`sync info 0x${choice.toString(16)}`);
  }
}

/** The 16 bytes of a UUID as text: lower case, dashed (RFC 4122). */
export function formatUUID(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function readUUID(reader: BerReader): Buffer {
  const uuid = reader.octets();
  if (uuid.length !== UUID_BYTES) throw malformed(`a UUID of ${uuid.length} bytes`);
  return uuid;
}

function readCookie(reader: BerReader): { cookie?: Buffer } {
  return reader.peek() === Tag.octetString ? { cookie: reader.octets() } : {};
}

function readBoolean(reader: BerReader, absent: boolean): boolean {
  return reader.peek() === Tag.boolean ? reader.boolean() : absent;
}

function cookieOf(value: { readonly cookie?: Buffer }): Buffer[] {
  return value.cookie === undefined ? [] : [octetString(value.cookie)];
}

function unlessDefault(value: boolean, absent: boolean): Buffer[] {
  return value === absent ? [] : [boolean(value)];
}
