import { describe, expect, it } from 'vitest';
import { faultOfRuntime } from '../../src/host/runtime.ts';

describe('the version of Node.js', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0'])('%s is taken', (present) => {
    expect(faultOfRuntime(present, '>=20.19')).toBeUndefined();
  });

  it.each(['18.20.0', '20.18.9', '20.9.0'])('%s is refused with both versions named', (present) => {
    expect(faultOfRuntime(present, '>=20.19')).toBe(
      `Node.js ${present} is too old: prov-backup-rsnapshot needs >=20.19; install a newer one`,
    );
  });
});
