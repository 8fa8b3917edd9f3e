import type { Condition } from '../model/account.ts';

/** The sign of each condition. Its shape is enough to recognise it without colour. */
export const SIGNS: Readonly<Record<Condition, string>> = {
  inWork: '▬',
  failed: '✕',
  retrying: '↻',
  waiting: '◷',
  queued: '◌',
  deferred: '◇',
  done: '●',
  gone: '○',
};

export function Sign({ condition }: { readonly condition: Condition }) {
  return (
    <span class={`sign ${condition}`} aria-hidden="true">
      {SIGNS[condition]}
    </span>
  );
}
