import type * as z from 'zod';
import { notesOf, type SettingNotes, sentenceOf, shapeOf } from '../config/kinds/setting.ts';
import { SITE_VALUES, yamlText } from '../config/reference.ts';
import { settingsSchema } from '../config/schema.ts';
import { CONFIGURATION, type Edition, PROGRAM } from './man-command.ts';
import { example, heading, item, paragraph, subheading, title } from './roff.ts';

/** The settings of the smallest file with which the service works. */
const LEAST = ['directory.url', 'directory.bindDn', 'directory.bindPasswordFile', 'directory.base', 'script.command'];

/** The manual page of the configuration file, section 5. */
export function renderConfigurationPage({ version, date }: Edition): string {
  const lines = [
    title({ name: `${PROGRAM}.yaml`, section: '5', date, version: `${PROGRAM} ${version}`, manual: 'File Formats' }),
    heading('NAME'),
    `${PROGRAM.replaceAll('-', '\\-')}.yaml \\- configuration of ${PROGRAM.replaceAll('-', '\\-')}(1)`,
    heading('SYNOPSIS'),
    `.I ${CONFIGURATION.replaceAll('-', '\\-')}`,
    heading('DESCRIPTION'),
    ...paragraph(
      'The file is YAML. Unknown keys are errors. Durations are a number with a unit (100ms, 30s, 10m, 1h, 1d). All faults are reported together, each with its line, its key, what was given and what is expected. A setting of a section is named here with its section, as in directory.url.',
    ),
    heading('SETTINGS'),
    ...settingsOf(settingsSchema, []),
    ...sectionsBelow(settingsSchema, []),
    heading('FILES'),
    ...item(CONFIGURATION, 'The file that the service unit reads.'),
    ...item(`/usr/share/doc/${PROGRAM}/examples/${PROGRAM}.example.yaml`, 'Every setting with its default.'),
    heading('EXAMPLES'),
    ...paragraph('The smallest configuration:'),
    ...example(leastFile()),
    heading('SEE ALSO'),
    `.BR ${PROGRAM.replaceAll('-', '\\-')} (1)`,
  ];
  return `${lines.join('\n')}\n`;
}

function sectionsBelow(schema: z.ZodType, path: readonly string[]): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, inner]) => {
    if (shapeOf(inner) === undefined) return [];
    const own = [...path, key];
    const about = paragraph(sentenceOf(inner));
    return [subheading(own.join('.')), ...about, ...settingsOf(inner, own), ...sectionsBelow(inner, own)];
  });
}

function settingsOf(schema: z.ZodType, path: readonly string[]): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, inner]) => {
    const notes = notesOf(inner);
    return notes === undefined ? [] : item([...path, key].join('.'), notes.sentence, facts(notes));
  });
}

function facts({ required, fallback, expected }: SettingNotes): string {
  return `Expected: ${expected}. ${required ? 'Required.' : `Default: ${yamlText(fallback)}.`}`;
}

function leastFile(): string {
  const lines: string[] = [];
  for (const key of LEAST) {
    const [section = '', name] = key.split('.');
    if (!lines.includes(`${section}:`)) lines.push(`${section}:`);
    lines.push(`  ${name}: ${yamlText(SITE_VALUES[key])}`);
  }
  return lines.join('\n');
}
