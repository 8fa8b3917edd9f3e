/**
 * Attribute types that name entries: the object identifier, then the names that servers use (RFC
 * 4519, RFC 4524, RFC 2798, RFC 2307, RFC 2985). The first name stands for the type in comparisons.
 */
const TYPES = `
  2.5.4.3 cn commonName
  2.5.4.4 sn surname
  2.5.4.5 serialNumber
  2.5.4.6 c countryName
  2.5.4.7 l localityName
  2.5.4.8 st stateOrProvinceName
  2.5.4.9 street streetAddress
  2.5.4.10 o organizationName
  2.5.4.11 ou organizationalUnitName
  2.5.4.12 title
  2.5.4.13 description
  2.5.4.15 businessCategory
  2.5.4.16 postalAddress
  2.5.4.17 postalCode
  2.5.4.18 postOfficeBox
  2.5.4.19 physicalDeliveryOfficeName
  2.5.4.20 telephoneNumber
  2.5.4.23 facsimileTelephoneNumber fax
  2.5.4.27 destinationIndicator
  2.5.4.31 member
  2.5.4.41 name
  2.5.4.42 givenName gn
  2.5.4.43 initials
  2.5.4.44 generationQualifier
  2.5.4.45 x500UniqueIdentifier
  2.5.4.46 dnQualifier
  2.5.4.49 distinguishedName
  2.5.4.50 uniqueMember
  2.5.4.51 houseIdentifier
  2.5.4.97 organizationIdentifier
  0.9.2342.19200300.100.1.1 uid userid
  0.9.2342.19200300.100.1.3 mail rfc822Mailbox
  0.9.2342.19200300.100.1.4 info
  0.9.2342.19200300.100.1.5 drink favouriteDrink
  0.9.2342.19200300.100.1.6 roomNumber
  0.9.2342.19200300.100.1.8 userClass
  0.9.2342.19200300.100.1.9 host
  0.9.2342.19200300.100.1.10 manager
  0.9.2342.19200300.100.1.11 documentIdentifier
  0.9.2342.19200300.100.1.12 documentTitle
  0.9.2342.19200300.100.1.20 homePhone homeTelephoneNumber
  0.9.2342.19200300.100.1.25 dc domainComponent
  0.9.2342.19200300.100.1.37 associatedDomain
  0.9.2342.19200300.100.1.38 associatedName
  0.9.2342.19200300.100.1.40 personalTitle
  0.9.2342.19200300.100.1.41 mobile mobileTelephoneNumber
  0.9.2342.19200300.100.1.42 pager pagerTelephoneNumber
  0.9.2342.19200300.100.1.43 co friendlyCountryName
  0.9.2342.19200300.100.1.44 uniqueIdentifier
  0.9.2342.19200300.100.1.48 buildingName
  1.2.840.113549.1.9.1 email emailAddress e pkcs9email
  2.16.840.1.113730.3.1.2 departmentNumber
  2.16.840.1.113730.3.1.3 employeeNumber
  2.16.840.1.113730.3.1.4 employeeType
  2.16.840.1.113730.3.1.241 displayName
  1.3.6.1.1.1.1.0 uidNumber
  1.3.6.1.1.1.1.1 gidNumber
  1.3.6.1.1.1.1.3 homeDirectory
  1.3.6.1.1.16.4 entryUUID
`;

/** The first name of a type, by its object identifier and by each of its other names. */
const FIRST_NAMES: ReadonlyMap<string, string> = new Map(
  TYPES.trim()
    .toLowerCase()
    .split('\n')
    .flatMap((line) => {
      const [oid = '', first = '', ...others] = line.trim().split(' ');
      return [oid, ...others].map((other) => [other, first] as const);
    }),
);

/** A descriptor or an object identifier (RFC 4512, section 1.4). */
const TYPE = /^(?:[a-z][a-z0-9-]*|[0-9]+(?:\.[0-9]+)*)$/;

/**
 * The lower-case name by which an attribute type is compared. It is the same for the object
 * identifier, with or without the `oid.` of RFC 1779, and for every usual name. A type of a site's
 * own schema is compared by the given name, as only the server knows its other names. Undefined if
 * the text is not an attribute type.
 */
export function attributeType(given: string): string | undefined {
  const type = given.toLowerCase().replace(/^oid\.(?=[0-9])/, '');
  return FIRST_NAMES.get(type) ?? (TYPE.test(type) ? type : undefined);
}

/** The lower-case descriptors for which `attributeType` returns another name. */
export const OTHER_NAMES: readonly string[] = [...FIRST_NAMES.keys()].filter((name) => /^[a-z]/.test(name));
