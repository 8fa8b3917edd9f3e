/** The parts of the untyped packages that the configuration uses. */
declare module '@ldapjs/dn' {
  export class DN {
    static fromString(text: string): DN;
    readonly length: number;
  }
}

declare module '@ldapjs/filter' {
  export function parseString(text: string): unknown;
}
