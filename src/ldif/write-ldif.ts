/** The length of a line. RFC 2849, note 10, leaves it open. 76 is the usual length. */
const COLUMNS = 76;

/**
 * A value that needs no base64: printable ASCII that does not begin or end in a way that RFC 2849
 * forbids.
 */
const SAFE = /^(?:[!-9;=-~](?:[ -~]*[!-~])?)?$/;

/**
 * Returns one value as an LDIF line, folded, without line end. A value that is not `SAFE` is
 * written as base64 of its UTF-8.
 */
export function ldifLine(name: string, value: string): string {
  const line = SAFE.test(value) ? `${name}: ${value}` : `${name}:: ${Buffer.from(value, 'utf8').toString('base64')}`;
  return fold(line);
}

function fold(line: string): string {
  const pieces = [line.slice(0, COLUMNS)];
  for (let at = COLUMNS; at < line.length; at += COLUMNS - 1) pieces.push(` ${line.slice(at, at + COLUMNS - 1)}`);
  return pieces.join('\n');
}
