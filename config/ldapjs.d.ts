/** What is used of a package that brings no types: CommonJS, so it is one default export. */
declare module '@ldapjs/dn' {
  const dns: { DN: { fromString(text: string): { readonly length: number } } };
  export default dns;
}
