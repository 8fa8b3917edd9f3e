import { stringify } from 'yaml';
import type * as z from 'zod';
import { notesOf, type SettingNotes, sentenceOf, shapeOf } from './kinds/setting.ts';
import { settingsSchema } from './schema.ts';

/** The values in the example that replace defaults, because every site has its own. */
export const SITE_VALUES: Readonly<Record<string, unknown>> = {
  'directory.url': ['ldap://ldap1.example.org', 'ldap://ldap2.example.org'],
  'directory.startTls': true,
  'directory.tls.caFile': '/etc/ssl/certs/ca-certificates.crt',
  'directory.auth': 'simple',
  'directory.bindDn': 'cn=prov-backup-rsnapshot,ou=daemons,dc=stoney-cloud,dc=org',
  'directory.bindPasswordFile': '/etc/prov-backup-rsnapshot/password',
  'directory.base': 'ou=accounts,ou=backup,ou=services,dc=stoney-cloud,dc=org',
  'script.command': ['/usr/local/sbin/create-chroot.sh'],
};

const WIDTH = 110;
/** The column at which the comments after the settings begin. */
const COLUMN = 40;

/**
 * The complete example of a configuration file: each key with its meaning, the expected value and
 * the default.
 */
export function renderExample(): string {
  return [
    '# The complete configuration of prov-backup-rsnapshot. Only directory.url, directory.base and script.command are',
    '# required. Any other setting that is left out has the default that is shown. Durations have a unit: ms, s, m, h, d.',
    '# `prov-backup-rsnapshot check -c FILE` checks the file.',
    '# Generated from config/schema.ts by `npm run docs`.',
    ...exampleLines(settingsSchema, [], SHOWN),
    '',
  ].join('\n');
}

/**
 * The configuration file of a new installation. It is the example with every setting commented out.
 * The service refuses it and names the required settings.
 */
export function renderBlank(): string {
  return [
    '# The configuration of prov-backup-rsnapshot: see prov-backup-rsnapshot.yaml(5). Every setting is commented out, most of',
    '# them with their defaults. Remove the # before a setting to give it; directory.url, directory.base and script.command',
    '# are required. Then `prov-backup-rsnapshot check` checks the file, and the service can be started.',
    ...exampleLines(settingsSchema, [], COMMENTED_OUT),
    '',
  ].join('\n');
}

const SHOWN = '';
const COMMENTED_OUT = '#';

function exampleLines(schema: z.ZodType, path: readonly string[], mark: string): string[] {
  const indent = '  '.repeat(path.length);
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, inner]) => {
    const gap = path.length === 0 ? [''] : [];
    const notes = notesOf(inner);
    if (notes === undefined) {
      const about = comment(sentenceOf(inner), indent);
      return [...gap, ...about, `${indent}${key}:`, ...exampleLines(inner, [...path, key], mark)];
    }
    const siteValue = SITE_VALUES[[...path, key].join('.')];
    const line = `${indent}${mark}${key}: ${yamlText(siteValue === undefined ? notes.fallback : siteValue)}`;
    const defaultText = notes.required ? 'required' : `default ${briefDefault(notes.fallback)}`;
    return [...gap, ...comment(notes.sentence, indent), `${line.padEnd(COLUMN)}  # ${notes.brief}, ${defaultText}`];
  });
}

function briefDefault(fallback: unknown): string {
  return yamlText(fallback).length > 30 ? 'as here' : yamlText(fallback);
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}

/** The reference for people: a table for each section. */
export function renderReference(): string {
  const top = Object.entries(shapeOf(settingsSchema) ?? {}).filter(([, schema]) => notesOf(schema) !== undefined);
  return [
    '# Configuration',
    '',
    'The configuration is one YAML file, given with `-c FILE`. Unknown keys are errors. Durations are a number with a',
    'unit (`100ms`, `30s`, `10m`, `1h`, `1d`). All faults are reported together: each with its line, its key, what was',
    'given and what is expected. This page is generated from `config/schema.ts` by `npm run docs`.',
    '`config/prov-backup-rsnapshot.example.yaml` has the same settings as a file.',
    '',
    ...table(top),
    ...sections(settingsSchema, []),
  ].join('\n');
}

function sections(schema: z.ZodType, path: readonly string[]): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, inner]) => {
    const shape = shapeOf(inner);
    if (shape === undefined) return [];
    const own = [...path, key];
    const settings = Object.entries(shape).filter(([, setting]) => notesOf(setting) !== undefined);
    const rows = settings.map(([name, setting]) => [[...own, name].join('.'), setting] as const);
    return [
      `## ${own.join('.')}`,
      '',
      sentenceOf(inner),
      '',
      ...(rows.length > 0 ? table(rows) : []),
      ...sections(inner, own),
    ];
  });
}

function table(rows: ReadonlyArray<readonly [key: string, schema: z.ZodType]>): string[] {
  const lines = rows.flatMap(([key, schema]) => {
    const notes = notesOf(schema);
    return notes === undefined ? [] : [row(key, notes)];
  });
  return ['| key | default | expected | meaning |', '|---|---|---|---|', ...lines, ''];
}

function row(key: string, notes: SettingNotes): string {
  const fallback = notes.required ? 'required' : `\`${yamlText(notes.fallback)}\``;
  return `| \`${key}\` | ${cell(fallback)} | ${cell(notes.expected)} | ${cell(notes.sentence)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** A value in YAML, on one line. */
export function yamlText(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();
}
