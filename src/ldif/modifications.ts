import { LdifFault } from './fault.ts';
import type { LdifModification } from './record.ts';
import { asText, type RecordLine } from './value-line.ts';

/** Reads the steps of a modify: each names its attribute, gives values of it, and ends with `-` (the last one may not). */
export function readModifications(lines: readonly RecordLine[], at: number): readonly LdifModification[] {
  const modifications: LdifModification[] = [];
  for (let index = 0; index < lines.length; ) {
    const head = lines[index];
    if (head === undefined || 'kind' in head) {
      throw new LdifFault(head?.line ?? at, "'add: NAME', 'delete: NAME' or 'replace: NAME' is expected, not '-'");
    }
    const operation = readOperation(head.name, head.line);
    const name = asText(head.value, head.line).trim();
    const values: Buffer[] = [];
    for (index += 1; index < lines.length; index += 1) {
      const line = lines[index];
      if (line === undefined || 'kind' in line) break;
      if (line.name.toLowerCase() !== name.toLowerCase()) {
        throw new LdifFault(line.line, `a value of ${name} or '-' is expected, not ${line.name}`);
      }
      values.push(line.value);
    }
    index += 1;
    if (operation === 'add' && values.length === 0)
      throw new LdifFault(head.line, `no value of ${name} is given to add`);
    modifications.push({ operation, name, values });
  }
  if (modifications.length === 0) throw new LdifFault(at, 'nothing is modified');
  return modifications;
}

function readOperation(word: string, line: number): LdifModification['operation'] {
  const operation = word.toLowerCase();
  if (operation === 'add' || operation === 'delete' || operation === 'replace') return operation;
  throw new LdifFault(line, `'add: NAME', 'delete: NAME' or 'replace: NAME' is expected, not ${word}`);
}
