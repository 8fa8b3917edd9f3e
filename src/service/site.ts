/** Derives from the settings what the parts of the program need. */
import { authMethod } from '../../config/bind-rules.ts';
import { passwordReader } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { Site } from '../../handlers/define-step.ts';
import type { DecideNow, ObservePureStep } from '../../streams/turn/pure-steps.ts';
import type { AccountRecord, AccountRules } from '../domain/account.ts';
import { decide } from '../domain/decide.ts';
import { dayIn } from '../domain/timestamp.ts';
import type { Authentication, DirectoryAccess } from '../ldap/access.ts';

/** The access to the directory. */
export function accessOf(
  { directory, reconnect }: Settings,
  env: Readonly<Record<string, string | undefined>>,
): DirectoryAccess {
  const { caFile, certFile, keyFile } = directory.tls;
  return {
    urls: directory.url,
    startTls: directory.startTls,
    tls: {
      caFile,
      client: certFile === null || keyFile === null ? null : { certFile, keyFile, now: () => Date.now() },
    },
    authentication: authenticationOf(directory, env),
    // `deadAfter` ends a connection whose peer is silent for longer, so a longer timeout has no
    // use.
    timeoutMilliseconds: Math.min(directory.requestTimeout, reconnect.deadAfter),
  };
}

function authenticationOf(
  directory: Settings['directory'],
  env: Readonly<Record<string, string | undefined>>,
): Authentication {
  const method = authMethod(directory);
  if (method !== 'simple' || directory.bindDn === null) return { method: method === 'external' ? method : 'anonymous' };
  return { method, dn: directory.bindDn, readPassword: passwordReader(directory, env) };
}

/** The rules for accounts. */
export function rulesOf({ accounts, script }: Settings): AccountRules {
  return { lowestUidNumber: accounts.lowestUidNumber, homeRoot: script.homeRoot, homeLayout: script.homeLayout };
}

/** What the steps of the handlers need to know. */
export function siteOf({ directory, timeZone, script, quota }: Settings): Site {
  const { homeRoot, homeLayout } = script;
  return { base: directory.base, timeZone, homeRoot, homeLayout, quotaAttribute: quota.attribute };
}

/**
 * The filter of the subscription and of the periodic list. It matches the open accounts of the
 * site.
 */
export function openAccountsFilter({ directory, attributes }: Settings): string {
  return `(&${directory.filter}(${attributes.state}=0))`;
}

/**
 * How much longer an account has to wait, in milliseconds, because of what only a running service
 * knows. The entry does not show it. See `Circumstances`.
 */
export interface WaitTimes {
  othersTimeLeft(record: AccountRecord): number;
  behindTimeLeft(record: AccountRecord): number;
}

/** The wait times for commands that only read an entry: none. */
export const NO_WAIT_TIMES: WaitTimes = { othersTimeLeft: () => 0, behindTimeLeft: () => 0 };

/** Returns a function that decides about an account at the current time. */
export function decisionMaker(
  settings: Pick<Settings, 'attributes' | 'timeZone'>,
  waitTimes: WaitTimes,
  observePureStep: ObservePureStep = () => {},
): { today: () => string; decideNow: DecideNow } {
  const { attributes: names } = settings;
  const day = dayIn(settings.timeZone);
  // The day is computed at most once a second, because the calendar is slow in a burst of
  // decisions. No day begins within a second.
  let lastDay = { second: Number.NaN, today: '' };
  const today = (): string => {
    const at = new Date();
    const second = Math.floor(at.getTime() / 1_000);
    if (second !== lastDay.second) lastDay = { second, today: day(at) };
    return lastDay.today;
  };
  return {
    today,
    decideNow: (record, purpose) => {
      const circumstances = {
        today: today(),
        othersTimeLeft: waitTimes.othersTimeLeft(record),
        behindTimeLeft: waitTimes.behindTimeLeft(record),
      };
      const next = decide(record, {
        ...circumstances,
        names,
      });
      observePureStep({ step: 'decide', uid: record.uid, purpose, record, circumstances, next });
      return next;
    },
  };
}
