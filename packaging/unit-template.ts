/**
 * The template unit for several bases on one host, made from the unit of the service: an instance
 * NAME reads NAME.yaml.
 */
export function renderUnitTemplate(unit: string): string {
  return unit.replace(/^Description=.*$/m, '$& (%i)').replaceAll('/prov-backup-rsnapshot.yaml', '/%i.yaml');
}
