/** What is used of two packages that bring no types: CommonJS, so each is one default export. */
declare module '@ldapjs/dn' {
  const dns: { DN: { fromString(text: string): { readonly length: number } } };
  export default dns;
}
declare module '@ldapjs/filter' {
  const filters: { parseString(text: string): unknown };
  export default filters;
}
