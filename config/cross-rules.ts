import { STEPS } from '../handlers/steps/registry.ts';
import { isAtOrBelow, isSameDn } from '../src/domain/dn.ts';
import { bindFaults, credentials, type Environment, severalServers } from './bind-rules.ts';
import type { FaultAt } from './fault.ts';
import { isLoopbackAddress } from './kinds/address-kinds.ts';
import { formatDuration } from './kinds/units.ts';
import { notifyFaults } from './notify-rules.ts';
import type { PartialSettings } from './schema.ts';

/** Returns the contradictions between settings that are valid on their own. */
export function contradictions(settings: PartialSettings, env: Environment): FaultAt[] {
  return [
    ...bindFaults(settings.directory, env),
    ...credentials(settings, env),
    ...severalServers(settings),
    ...attributesDiffer(settings.attributes),
    ...instances(settings),
    ...pauses(['retry', 'temporary'], settings.retry.temporary),
    ...pauses(['retry', 'script'], settings.retry.script),
    ...pauses(['reconnect'], settings.reconnect),
    ...withinSteps(settings),
    ...needsHomeRoot(settings),
    ...notifyFaults(settings.notify),
    ...canary(settings),
    ...operator(settings.operator),
  ];
}

function attributesDiffer(attributes: PartialSettings['attributes']): FaultAt[] {
  const taken = new Map<string, string>();
  const faults: FaultAt[] = [];
  for (const [key, names] of Object.entries(attributes)) {
    for (const name of [names].flat()) {
      if (name === null || name === undefined) continue;
      const other = taken.get(name.toLowerCase());
      if (other !== undefined) {
        faults.push({
          path: ['attributes', key],
          expected: `another name, because attributes.${other} already has this name`,
        });
      }
      taken.set(name.toLowerCase(), key);
    }
  }
  return faults;
}

function instances({ instances: which, attributes, directory, leases, script }: PartialSettings): FaultAt[] {
  if (which !== 'several') return [];
  const faults: FaultAt[] = [];
  const fault = (path: readonly string[], expected: string) => faults.push({ path, expected });
  if (attributes.returnValue === null) {
    fault(
      ['attributes', 'returnValue'],
      'the name of an attribute, because instances is several: without it a failed account looks like an account in work',
    );
  }
  if (leases.base === null) {
    fault(['leases', 'base'], 'the entry below which the leases of the services are, because instances is several');
  }
  if (directory.url !== undefined && directory.url.length > 1) {
    fault(
      ['directory', 'url'],
      'exactly one URL, because instances is several: a lease is valid on one server only, and another server may not have it yet',
    );
  }
  if (script.launcher === 'none') {
    fault(
      ['script', 'launcher'],
      'auto, because instances is several: only the launcher ends a script in time if the service is blocked',
    );
  }
  return [...faults, ...leaseDuration(leases, script)];
}

/** The part of a lease that is reserved for ending scripts: see `SLACK` in streams/leases. */
const LEASE_SLACK = 5_000;

function leaseDuration({ duration }: PartialSettings['leases'], { killGrace }: PartialSettings['script']): FaultAt[] {
  if (duration === undefined || killGrace === undefined) return [];
  const least = 3 * (killGrace + LEASE_SLACK);
  if (duration >= least) return [];
  const expected = `at least ${formatDuration(least)}, which is three times (script.killGrace + 5s)`;
  return [{ path: ['leases', 'duration'], expected }];
}

function pauses(
  path: readonly string[],
  { initial, max }: { readonly initial: number | undefined; readonly max: number | undefined },
): FaultAt[] {
  if (initial === undefined || max === undefined || initial <= max) return [];
  return [{ path: [...path, 'initial'], expected: `at most ${path.join('.')}.max, which is ${formatDuration(max)}` }];
}

/** Returns the contradictions within the section of each step. */
function withinSteps(settings: PartialSettings): FaultAt[] {
  return STEPS.flatMap((step) => {
    const found = step.contradiction(settings);
    return found === undefined ? [] : [{ path: [step.section, found.key], expected: found.expected }];
  });
}

function needsHomeRoot(settings: PartialSettings): FaultAt[] {
  const needing = STEPS.filter((step) => step.needsHomeRoot(settings));
  if (settings.script.homeRoot !== null || needing.length === 0) return [];
  const keys = needing.map(({ section }) => `${section}.enabled`).join(' and ');
  return [
    {
      path: ['script', 'homeRoot'],
      expected: `the folder below which all homes are, because ${keys} is true: root changes files at the path in an entry`,
    },
  ];
}

function canary({ canary: { dn }, directory: { base } }: PartialSettings): FaultAt[] {
  if (typeof dn !== 'string' || typeof base !== 'string') return [];
  if (isAtOrBelow(dn, base) && !isSameDn(dn, base)) return [];
  return [{ path: ['canary', 'dn'], expected: `an entry below directory.base, which is ${base}` }];
}

function operator({ listen, allowRemote }: PartialSettings['operator']): FaultAt[] {
  if (!Array.isArray(listen) || allowRemote !== false || listen.every(isLoopbackAddress)) return [];
  return [
    {
      path: ['operator', 'listen'],
      expected:
        'a loopback address or a Unix socket, because every user who can reach the address may read (operator.allowRemote: true allows it)',
    },
  ];
}
