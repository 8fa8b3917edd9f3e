/** A DN as text that compares: no capitals, no blanks beside its separators. Escapes stay as they were written. */
export function comparableDn(dn: string): string {
  return dn
    .trim()
    .toLowerCase()
    .replaceAll(/\s*([,;=+])\s*/g, '$1');
}

/** Whether a DN is a base, or an entry below it, in whatever way the two are written. The empty base has every entry below it. */
export function isAtOrBelow(dn: string, base: string): boolean {
  const name = comparableDn(dn);
  const suffix = comparableDn(base);
  return suffix === '' || name === suffix || name.endsWith(`,${suffix}`);
}
