import { dnText, parseDn } from '../../src/domain/dn.ts';
import { LdapUrlFault, readServers } from '../../src/ldap/ldap-url.ts';
import { encodeFilter } from '../../src/ldap/wire/filter.ts';
import { isLine, kind, Mismatch } from './kind.ts';

/** One URL, or `srv:DOMAIN`, or several of them, tried in order. */
export const ldapUrls = kind<readonly string[]>(
  'URL or list of URLs',
  'an LDAP URL such as ldap://ldap1.example.org, srv:example.org for the servers that DNS returns, or a list of these',
  (given) => {
    const urls = Array.isArray(given) ? given : [given];
    if (urls.length === 0) return new Mismatch('the list is empty');
    for (const [index, url] of urls.entries()) {
      if (!isLine(url)) return new Mismatch();
      const read = readServers(url);
      if (read instanceof LdapUrlFault) {
        return new Mismatch(urls.length === 1 ? read.hint : `number ${index + 1}: ${read.hint}`);
      }
    }
    return urls.map((url: string) => url.trim().replace(/(?<=[^/])\/$/, ''));
  },
);

/** A distinguished name of an entry (RFC 4514). */
export const distinguishedName = kind<string>(
  'DN',
  'a distinguished name such as ou=accounts,dc=example,dc=org',
  (given) => {
    const dn = isLine(given) ? parseDn(given) : undefined;
    return dn === undefined || dn.length === 0 ? new Mismatch() : dnText(dn);
  },
);

/**
 * A search filter (RFC 4515), checked by the encoder that sends it. The outer parentheses are
 * optional; blanks between its parts are removed.
 */
export const searchFilter = kind<string>('filter', 'a search filter such as (objectClass=sstProvisioning)', (given) => {
  if (typeof given !== 'string') return new Mismatch();
  const closed = given
    .trim()
    .replace(/\)\s+(?=[()])/g, ')')
    .replace(/\(\s*([&|!])\s*\(/g, '($1(');
  const filter = closed.startsWith('(') ? closed : `(${closed})`;
  if (!isBalanced(filter)) return new Mismatch('its brackets do not match');
  if (!isLine(filter)) return new Mismatch();
  try {
    encodeFilter(filter);
    return filter;
  } catch {
    return new Mismatch();
  }
});

/**
 * Whether the parentheses are balanced and the first one is closed at the end. In values they are
 * written as \28 and \29, so they can be counted.
 */
function isBalanced(filter: string): boolean {
  let depth = 0;
  const characters = [...filter];
  for (const [index, character] of characters.entries()) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0 || (depth === 0 && index < characters.length - 1)) return false;
  }
  return depth === 0;
}

const ATTRIBUTE = /^(?:[A-Za-z][A-Za-z0-9-]*|(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+)$/;
const ATTRIBUTE_WORDS = 'the name of an attribute such as sstProvisioningMode';

/** A descriptor or an object identifier (RFC 4512, section 1.4). */
export const attributeName = kind<string>('attribute', ATTRIBUTE_WORDS, (given) =>
  typeof given === 'string' && ATTRIBUTE.test(given) ? given : new Mismatch(),
);

/** One name or several, in order of preference. */
export const attributeNames = kind<readonly string[]>(
  'attribute or list of attributes',
  `${ATTRIBUTE_WORDS}, or a list of these`,
  (given) => {
    const names = Array.isArray(given) ? given : [given];
    if (names.length === 0) return new Mismatch('the list is empty');
    return names.every((name): name is string => typeof name === 'string' && ATTRIBUTE.test(name))
      ? names
      : new Mismatch();
  },
);
