/** Columns of a line (RFC 2849, note 10 leaves the number open; 76 is what every tool writes). */
const COLUMNS = 76;

/** A value that may stand as it is: printable ASCII that does not begin or end in a way that RFC 2849 forbids. */
const SAFE = /^(?:[!-9;=-~](?:[ -~]*[!-~])?)?$/;

/** One value as LDIF writes it: as it is where that is safe, otherwise as base64 of its UTF-8; folded, without line end. */
export function ldifLine(name: string, value: string): string {
  const line = SAFE.test(value) ? `${name}: ${value}` : `${name}:: ${Buffer.from(value, 'utf8').toString('base64')}`;
  return fold(line);
}

function fold(line: string): string {
  const pieces = [line.slice(0, COLUMNS)];
  for (let at = COLUMNS; at < line.length; at += COLUMNS - 1) pieces.push(` ${line.slice(at, at + COLUMNS - 1)}`);
  return pieces.join('\n');
}
