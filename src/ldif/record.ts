/** One attribute with its values, as bytes. The name may carry options (`;binary`, `;lang-de`). */
export interface LdifAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

/**
 * One step of a modify. `delete` or `replace` without values removes the whole attribute.
 * `increment` adds a number to each value (RFC 4525).
 */
export interface LdifModification extends LdifAttribute {
  readonly operation: 'add' | 'delete' | 'replace' | 'increment';
}

/** What a record asks for. A content record (without changetype) asks for an add. */
export type LdifChange =
  | { readonly kind: 'add'; readonly attributes: readonly LdifAttribute[] }
  | { readonly kind: 'modify'; readonly modifications: readonly LdifModification[] }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'rename';
      readonly newRdn: string;
      readonly deleteOldRdn: boolean;
      /** The DN of the new parent; undefined if the entry stays below its parent. */
      readonly newSuperior: string | undefined;
    };

/** The place of a record: its number, and the number of its first line, both from 1. */
interface LdifPosition {
  readonly number: number;
  readonly line: number;
}

export type LdifRecord = LdifPosition &
  (
    | { readonly kind: 'change'; readonly dn: string; readonly change: LdifChange }
    /** A record that cannot be read. `faultLine` is the line at fault. */
    | { readonly kind: 'faulty'; readonly faultLine: number; readonly reason: string }
  );
