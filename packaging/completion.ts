import {
  type ArgumentFacts,
  type CommandFacts,
  type OptionFacts,
  type ValueKind,
  withCommandsBelow,
} from './command-tree.ts';
import { PROGRAM } from './man-command.ts';

const WRITTEN =
  'Generated from the commands of the program by `npm run docs`. A word that was typed is never evaluated.';

/** The completion for bash, to be sourced or loaded by bash-completion. */
export function renderBashCompletion(program: CommandFacts): string {
  const commands = withCommandsBelow(program);
  return `# bash completion for ${PROGRAM}
# ${WRITTEN}

_prov_backup_rsnapshot() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous='' path='' word
  local -i index
  COMPREPLY=()

  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$path $word" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(bashDescent)
  .join('\n')}
    esac
  done

  # Readline splits words at "=": --config=FILE is --config, =, FILE.
  ((COMP_CWORD > 0)) && previous=\${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]] && ((COMP_CWORD > 1)); then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi

  # The values of options. Readline completes files and folders by itself.
  case "$path $previous" in
${bashValues(commands)}
  esac

  case "$path" in
${commands.flatMap(bashWords).join('\n')}
  esac
}

complete -F _prov_backup_rsnapshot ${PROGRAM}
`;
}

function bashDescent({ path }: CommandFacts): string {
  const [last = '', ...above] = path.toReversed();
  return `      ${quoted(`${above.toReversed().join(' ')} ${last}`)}) path=${quoted(path.join(' '))} ;;`;
}

const BASH_ACTIONS: Readonly<Record<ValueKind, string>> = {
  file: 'compopt -o default',
  folder: 'compopt -o dirnames',
  other: ':',
};

function bashValues(commands: readonly CommandFacts[]): string {
  const patterns = new Map<string, string[]>();
  for (const { path, options } of commands) {
    for (const { names, value, kind, choices } of options) {
      // If the value may be left out, another option may follow.
      if (value === undefined || value.startsWith('[')) continue;
      const action = choices.length > 0 ? bashReply(choices) : BASH_ACTIONS[kind];
      const own = names.map((name) => quoted(`${path.join(' ')} ${name}`)).join(' | ');
      patterns.set(action, [...(patterns.get(action) ?? []), own]);
    }
  }
  return [...patterns].map(([action, own]) => `    ${own.join(' | \\\n    ')}) ${action}; return ;;`).join('\n');
}

function bashWords({ path, options, commands, arguments: given }: CommandFacts): string[] {
  const words = [...commands.map((command) => command.path.at(-1) ?? ''), ...given.flatMap(({ choices }) => choices)];
  const kind = given.find((argument) => argument.kind !== 'other')?.kind ?? 'other';
  const wordAction = words.length > 0 ? bashReply(words) : BASH_ACTIONS[kind];
  const names = options.flatMap((option) => option.names);
  if (names.length + words.length === 0) return [];
  const optionAction = names.length === 0 ? BASH_ACTIONS.other : bashReply(names);
  const action =
    wordAction === BASH_ACTIONS.other
      ? optionAction
      : `if [[ $current == -* ]]; then ${optionAction}; else ${wordAction}; fi`;
  return [`    ${quoted(path.join(' '))})`, `      ${action}`, '      ;;'];
}

function bashReply(words: readonly string[]): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(words.join(' '))} -- "$current")`;
}

/** The completion for zsh, to be found on its fpath as \`_prov-backup-rsnapshot\`. */
export function renderZshCompletion(program: CommandFacts): string {
  return `#compdef ${PROGRAM}
# ${WRITTEN}

${withCommandsBelow(program).map(zshFunction).join('\n\n')}

${zshName(program)} "$@"
`;
}

function zshFunction(command: CommandFacts): string {
  const { commands, arguments: given, options } = command;
  const specs = [
    ...options.flatMap(zshOption),
    ...(commands.length === 0 ? given.map(zshArgument) : ["'1: :->command'", "'*:: :->rest'"]),
  ];
  const lines = specs.map((spec) => ` \\\n    ${spec}`).join('');
  if (commands.length === 0) return `${zshName(command)}() {\n  _arguments -s -S${lines}\n}`;
  const names = commands.map(({ path, description }) => quoted(`${path.at(-1)}:${description.replaceAll(':', '\\:')}`));
  return `${zshName(command)}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands=(
${names.map((name) => `    ${name}`).join('\n')}
  )
  _arguments -C -S${lines} && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $line[1] in
${commands.map((inner) => `        ${inner.path.at(-1)}) ${zshName(inner)} ;;`).join('\n')}
      esac
      ;;
  esac
}`;
}

function zshName({ path }: CommandFacts): string {
  return ['_prov-backup-rsnapshot', ...path].join('_');
}

const ZSH_VALUES: Readonly<Record<ValueKind, string>> = { file: '_files', folder: '_files -/', other: ' ' };

function zshOption({ names, description, value, kind, choices, repeatable }: OptionFacts): string[] {
  const about = `[${description.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`)}]`;
  const argument =
    value === undefined
      ? ''
      : `${value.startsWith('[') ? '::' : ':'}${value.replaceAll(/[<>[\].]/g, '')}:${zshValue(kind, choices)}`;
  const once = repeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  return names.map((name) => {
    const form = value !== undefined && name.startsWith('--') ? `${name}=` : name;
    return quoted(`${once}${form}${about}${argument}`);
  });
}

function zshArgument({ name, kind, choices, repeatable }: ArgumentFacts): string {
  return quoted(`${repeatable ? '*' : ''}:${name}:${zshValue(kind, choices)}`);
}

function zshValue(kind: ValueKind, choices: readonly string[]): string {
  return choices.length > 0 ? `(${choices.join(' ')})` : ZSH_VALUES[kind];
}

/** A word in single quotes, in which a shell replaces nothing. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
