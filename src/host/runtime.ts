/**
 * Why this version of Node.js is too old; undefined if it is not. `required` is `>=MAJOR.MINOR`.
 */
export function faultOfRuntime(present: string, required: string): string | undefined {
  const [major = 0, minor = 0] = numbersOf(present);
  const [leastMajor = 0, leastMinor = 0] = numbersOf(required);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Node.js ${present} is too old: prov-backup-rsnapshot needs ${required}; install a newer one`;
}

function numbersOf(version: string): number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}
