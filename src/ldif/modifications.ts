import { LdifFault } from './fault.ts';
import type { LdifModification } from './record.ts';
import { asWord, type RecordLine, type ValueLine } from './value-line.ts';

/**
 * Reads the mod-specs of a modify (RFC 2849). Each names its attribute, lists values of it, and
 * ends with `-`, which may be missing after the last one. `at` is the line of the changetype.
 * Throws an LdifFault.
 */
export function readModifications(lines: readonly RecordLine[], at: number): readonly LdifModification[] {
  const modSpecs = modSpecsOf(lines);
  if (modSpecs.length === 0) throw new LdifFault(at, 'the record modifies nothing');
  return modSpecs.map(readModSpec);
}

type ModSpec = readonly [head: ValueLine, ...values: ValueLine[]];

function modSpecsOf(lines: readonly RecordLine[]): ModSpec[] {
  const modSpecs: ModSpec[] = [];
  let modSpec: [ValueLine, ...ValueLine[]] | undefined;
  for (const line of lines) {
    if ('kind' in line) {
      if (modSpec === undefined) throw new LdifFault(line.line, `${EXPECTED}, not '-'`);
      modSpecs.push(modSpec);
      modSpec = undefined;
    } else if (modSpec === undefined) modSpec = [line];
    else modSpec.push(line);
  }
  return modSpec === undefined ? modSpecs : [...modSpecs, modSpec];
}

const EXPECTED = "'add: NAME', 'delete: NAME', 'replace: NAME' or 'increment: NAME' is expected";

function readModSpec([head, ...values]: ModSpec): LdifModification {
  const operation = head.name.toLowerCase();
  if (!isOperation(operation)) throw new LdifFault(head.line, `${EXPECTED}, not ${head.name}`);
  const name = asWord(head.value, head.line);
  const other = values.find((line) => line.name.toLowerCase() !== name.toLowerCase());
  if (other !== undefined) {
    throw new LdifFault(other.line, `a value of ${name} or '-' is expected, not ${other.name}`);
  }
  if (values.length === 0 && (operation === 'add' || operation === 'increment')) {
    throw new LdifFault(head.line, `no value of ${name} is given to ${operation}`);
  }
  return { operation, name, values: values.map(({ value }) => value) };
}

function isOperation(word: string): word is LdifModification['operation'] {
  return /^(?:add|delete|replace|increment)$/.test(word);
}
