import { CommandExit } from '../src/commands/run-action.ts';
import { EX_TEMPFAIL, ProcessExit, ReturnCode } from '../src/domain/return-code.ts';
import type { ArgumentFacts, CommandFacts, OptionFacts } from './command-tree.ts';
import { withCommandsBelow } from './command-tree.ts';
import { example, heading, item, paragraph, subheading, title } from './roff.ts';

export interface Edition {
  readonly version: string;
  /** As YYYY-MM-DD. */
  readonly date: string;
}

export const PROGRAM = 'prov-backup-rsnapshot';
export const CONFIGURATION = `/etc/${PROGRAM}/${PROGRAM}.yaml`;

const EXIT_CODES: ReadonlyArray<readonly [code: number, meaning: string]> = [
  [CommandExit.OK, 'The command succeeded. check: nothing fails. status: ready. verify: nothing needs to be done.'],
  [
    CommandExit.NOT_OK,
    'The command failed. check: something fails. status: not ready. verify: something needs to be done.',
  ],
  [CommandExit.UNKNOWN, 'The answer is unknown: the service or the directory cannot be reached.'],
  [ReturnCode.RUNTIME_VERSION_NOT_SATISFIED, 'Node.js is too old.'],
  [ProcessExit.WRONG_USAGE, 'Wrong usage.'],
  [ProcessExit.FAULTY_CONFIGURATION, 'Faulty configuration.'],
];

const FILES: ReadonlyArray<readonly [path: string, meaning: string]> = [
  [CONFIGURATION, `The configuration that the service unit reads; see ${PROGRAM}.yaml(5).`],
  [`/etc/${PROGRAM}/NAME.yaml`, `The configuration of ${PROGRAM}@NAME.service, for a host that serves several bases.`],
  [`/run/${PROGRAM}/locks`, 'Locks of the services of this host. No file in it has to be removed by hand.'],
  [
    `/run/${PROGRAM}/runs`,
    'Records of the running scripts. If the service is killed, the next service finds its scripts by them.',
  ],
  [`/var/log/${PROGRAM}`, 'Folder for log.file.'],
  [`/usr/share/doc/${PROGRAM}/examples`, 'A complete configuration, a script, and schemas for the directory.'],
];

/** The manual page of the command, section 1. */
export function renderCommandPage(program: CommandFacts, { version, date }: Edition): string {
  const commands = withCommandsBelow(program).filter(({ commands }) => commands.length === 0);
  const sections = [
    title({ name: PROGRAM, section: '1', date, version: `${PROGRAM} ${version}`, manual: 'User Commands' }),
    heading('NAME'),
    `${PROGRAM.replaceAll('-', '\\-')} \\- provision backup accounts from LDAP`,
    heading('SYNOPSIS'),
    ...commands.flatMap((command, index) => [...(index === 0 ? [] : ['.br']), ...synopsis(command)]),
    heading('DESCRIPTION'),
    ...paragraph(
      `${PROGRAM} keeps a subscription on an LDAP directory. It claims each account that has a request, runs the site's script for it, and writes the outcome back. The directory is its only state: the service may be stopped at any moment and started again.`,
    ),
    heading('OPTIONS'),
    ...program.options.flatMap((option) => optionItem(option)),
    ...['.PP', ...paragraph('Each command also accepts -h and --help.')],
    heading('COMMANDS'),
    ...commands.flatMap((command) => commandSection(command, program)),
    ...termList(
      'EXIT STATUS',
      EXIT_CODES.map(([code, meaning]) => [String(code), meaning]),
    ),
    '.PP',
    ...paragraph(
      `The codes 2 to 7 and ${EX_TEMPFAIL} are also return codes of attempts in the directory; see docs/script-contract.md in /usr/share/doc/${PROGRAM}.`,
    ),
    ...termList('SIGNALS', [
      [
        'SIGTERM, SIGINT',
        'Drain: no new work begins, running scripts may end within shutdown.grace, and their outcomes are written. A second signal ends everything at once; the accounts are resumed at the next start.',
      ],
      ['SIGHUP', 'Open the log file and the recording again.'],
    ]),
    ...termList('FILES', FILES),
    heading('EXAMPLES'),
    ...paragraph('Check a configuration, start the service, and show its status:'),
    ...example(
      [
        `${PROGRAM} check -c ${CONFIGURATION}`,
        `systemctl enable --now ${PROGRAM}`,
        `${PROGRAM} status -c ${CONFIGURATION}`,
      ].join('\n'),
    ),
    '.PP',
    ...paragraph('Show why an account is not finished, and request it again:'),
    ...example(
      [`${PROGRAM} explain -c ${CONFIGURATION} 3724300`, `${PROGRAM} retry -c ${CONFIGURATION} 3724300`].join('\n'),
    ),
    heading('SEE ALSO'),
    `.BR ${PROGRAM.replaceAll('-', '\\-')}.yaml (5),`,
    '.BR systemctl (1),',
    '.BR ldapmodify (1),',
    '.BR rsnapshot (1)',
  ];
  return `${sections.join('\n')}\n`;
}

function termList(name: string, items: ReadonlyArray<readonly [term: string, meaning: string]>): string[] {
  return [heading(name), ...items.flatMap(([term, meaning]) => item(term, meaning))];
}

function commandSection(command: CommandFacts, program: CommandFacts): string[] {
  const common = new Set(program.options.flatMap(({ names }) => names));
  const own = command.options.filter(({ names }) => !names.some((name) => common.has(name)));
  return [
    subheading([...command.path, ...usage(command)].join(' ')),
    ...paragraph(sentence(command.description)),
    ...command.arguments.filter(({ description }) => description !== '').flatMap(argumentItem),
    ...own.flatMap(optionItem),
  ];
}

function synopsis({ path, ...command }: CommandFacts): string[] {
  const words = [PROGRAM, ...path].join(' ').replaceAll('-', '\\-');
  const rest = usage({ path, ...command });
  return [`.B ${words}`, ...(rest.length === 0 ? [] : [rest.join(' ').replaceAll('-', '\\-')])];
}

function usage({ options, arguments: given }: CommandFacts): string[] {
  const required = options.filter((option) => option.required).map(({ names, value }) => `${names[0]} ${value}`);
  const optional = options.length > required.length ? ['[options]'] : [];
  return [...required, ...optional, ...given.map(({ shown }) => shown)];
}

function optionItem({ names, value, description, required, repeatable, fallback }: OptionFacts): string[] {
  const notes = [
    sentence(description),
    ...(required ? ['Required.'] : []),
    ...(repeatable ? ['Several may be given.'] : []),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
  ];
  return item([names.join(', '), ...(value === undefined ? [] : [value])].join(' '), notes.join(' '));
}

function argumentItem({ shown, description, repeatable }: ArgumentFacts): string[] {
  return item(shown, [sentence(description), ...(repeatable ? ['Several may be given.'] : [])].join(' '));
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
