import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../config/schema');
const files = ['stoney-backup.schema', 'stoney-backup.ldif', '99stoney-backup.ldif'] as const;

/**
 * All definitions of a schema file, each on one line, without the keyword that the server's format
 * has before it.
 */
function definitions(file: string): string[] {
  return readFileSync(join(folder, file), 'utf8')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
    .map(
      (line) =>
        /^(?:attributetype|objectclass|(?:olc)?attributeTypes:|(?:olc)?objectClasses:) (\(.*)$/i.exec(line)?.[1],
    )
    .filter((definition) => definition !== undefined);
}

describe('the LDAP schema files', () => {
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'schema-'));
    mkdirSync(join(temporary, 'database'));
    mkdirSync(join(temporary, 'config'));
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  function slapdConf(...schemas: string[]): string {
    const path = join(temporary, 'slapd.conf');
    const standard = ['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `/etc/ldap/schema/${name}.schema`);
    writeFileSync(
      path,
      `${[...standard, ...schemas].map((schema) => `include ${schema}`).join('\n')}\ndatabase config\n`,
    );
    return path;
  }

  it('define the same attributes and classes in all three formats', () => {
    const [first, ...others] = files.map(definitions);
    expect(first).toHaveLength(18);
    for (const other of others) expect(other).toEqual(first);
  });

  it('are accepted by slapd from slapd.conf', () => {
    const conf = slapdConf(join(folder, 'stoney-backup.schema'));
    execFileSync('slaptest', ['-u', '-f', conf], { stdio: 'pipe' });
  });

  it('are accepted by slapd into cn=config', () => {
    const config = join(temporary, 'config');
    execFileSync('slaptest', ['-f', slapdConf(), '-F', config], { stdio: 'pipe' });
    execFileSync('slapadd', ['-n', '0', '-F', config, '-l', join(folder, 'stoney-backup.ldif')], { stdio: 'pipe' });
    execFileSync('slaptest', ['-u', '-F', config], { stdio: 'pipe' });
  });

  it('know the date by two names, the published one first', () => {
    for (const file of files) {
      expect(definitions(file).join('\n')).toContain("NAME ( 'sstProvisioningExecutionDate' 'sstProvisioningDate' )");
    }
  });
});
