import { afterAll, beforeAll } from 'vitest';

/** Runs the tests of this file, or of this `describe`, in a time zone. */
export function useTimeZone(name: string): void {
  let zone: string | undefined;
  beforeAll(() => {
    zone = process.env['TZ'];
    process.env['TZ'] = name;
  });
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
}
