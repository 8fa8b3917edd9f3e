declare module 'ldapjs/lib/errors/index.js' {
  interface LdapResultMessage {
    readonly status: number;
    readonly diagnosticMessage?: string;
    readonly matchedDN?: string;
    readonly referrals?: readonly string[];
  }
  const errors: { getError: (result: LdapResultMessage) => Error };
  export default errors;
}

declare module '@ldapjs/controls' {
  class Control {
    constructor(options: { type: string; criticality: boolean });
    readonly type: string;
    readonly criticality: boolean;
  }
  const controls: { Control: typeof Control };
  export default controls;
}
