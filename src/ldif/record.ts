/** One attribute with its values, as bytes. The name may carry options (`;binary`, `;lang-de`). */
export interface LdifAttribute {
  readonly name: string;
  readonly values: readonly Buffer[];
}

/**
 * One step of a modify: of `delete` without values the whole attribute goes, and of `replace`
 * without values likewise; `increment` adds a number to each value (RFC 4525).
 */
export interface LdifModification extends LdifAttribute {
  readonly operation: 'add' | 'delete' | 'replace' | 'increment';
}

/** What a record asks for. Content records (without changetype) ask for an add. */
export type LdifChange =
  | { readonly kind: 'add'; readonly attributes: readonly LdifAttribute[] }
  | { readonly kind: 'modify'; readonly modifications: readonly LdifModification[] }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'rename';
      readonly newRdn: string;
      readonly deleteOldRdn: boolean;
      /** Where the entry moves to; undefined: it stays below its parent. */
      readonly newSuperior: string | undefined;
    };

/** Where a record stands: the how manieth it is, from 1, and its first line, from 1. */
export interface LdifPosition {
  readonly number: number;
  readonly line: number;
}

export type LdifRecord = LdifPosition &
  (
    | { readonly kind: 'change'; readonly dn: string; readonly change: LdifChange }
    /** A record that cannot be read; `faultLine` is the line in question. */
    | { readonly kind: 'faulty'; readonly faultLine: number; readonly reason: string }
  );
