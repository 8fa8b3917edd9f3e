import { LdifFault } from './fault.ts';
import type { LdifModification } from './record.ts';
import { asWord, type RecordLine, type ValueLine } from './value-line.ts';

/**
 * Reads the steps of a modify. Each step names its attribute, lists values of it, and ends with
 * `-`, which may be missing after the last step. `at` is the line of the changetype. Throws an
 * LdifFault.
 */
export function readModifications(lines: readonly RecordLine[], at: number): readonly LdifModification[] {
  const steps = stepsOf(lines);
  if (steps.length === 0) throw new LdifFault(at, 'nothing is modified');
  return steps.map(readStep);
}

type Step = readonly [head: ValueLine, ...values: ValueLine[]];

function stepsOf(lines: readonly RecordLine[]): Step[] {
  const steps: Step[] = [];
  let step: [ValueLine, ...ValueLine[]] | undefined;
  for (const line of lines) {
    if ('kind' in line) {
      if (step === undefined) throw new LdifFault(line.line, `${EXPECTED}, not '-'`);
      steps.push(step);
      step = undefined;
    } else if (step === undefined) step = [line];
    else step.push(line);
  }
  return step === undefined ? steps : [...steps, step];
}

const EXPECTED = "'add: NAME', 'delete: NAME', 'replace: NAME' or 'increment: NAME' is expected";

function readStep([head, ...values]: Step): LdifModification {
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
