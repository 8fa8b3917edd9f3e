import type { Argument, Command, Help, Option } from 'commander';
import { commandLine } from '../src/program.ts';

/** The kind of a value, as far as a shell can complete it. */
export type ValueKind = 'file' | 'folder' | 'other';

export interface OptionFacts {
  /** As typed: `-c`, `--config`. */
  readonly names: readonly string[];
  readonly description: string;
  /** The placeholder with its brackets, such as `<file>`; undefined if the option has no value. */
  readonly value: string | undefined;
  readonly kind: ValueKind;
  /** The only values that it may have; empty if it may have others. */
  readonly choices: readonly string[];
  readonly required: boolean;
  readonly repeatable: boolean;
  /** The default of an option with a value, in words. */
  readonly fallback: string | undefined;
}

export interface ArgumentFacts {
  /** With its brackets: `<file>`, `[uid...]`. */
  readonly shown: string;
  readonly name: string;
  readonly description: string;
  readonly kind: ValueKind;
  readonly choices: readonly string[];
  readonly repeatable: boolean;
}

export interface CommandFacts {
  /** The words that name it: none for the program itself, `ldif` and `create` for `ldif create`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionFacts[];
  readonly arguments: readonly ArgumentFacts[];
  readonly commands: readonly CommandFacts[];
}

/** The program with all its commands, as `--help` shows them. */
export function commandTree(version: string): CommandFacts {
  return factsOf(commandLine(version), []);
}

/** The command itself and all below it, in the order of `--help`. */
export function withCommandsBelow(command: CommandFacts): CommandFacts[] {
  return [command, ...command.commands.flatMap(withCommandsBelow)];
}

function factsOf(command: Command, path: readonly string[]): CommandFacts {
  const help: Help = command.createHelp();
  const below = help.visibleCommands(command);
  const names = below.map((inner) => inner.name());
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(factsOfOption),
    arguments: command.registeredArguments.map(factsOfArgument),
    commands: below.map((inner) => {
      const facts = factsOf(inner, [...path, inner.name()]);
      return inner.name() === HELP ? helpOn(facts, names) : facts;
    }),
  };
}

/** The command `help`. Its argument is the name of another command of the same level. */
const HELP = 'help';

function helpOn(facts: CommandFacts, names: readonly string[]): CommandFacts {
  const choices = names.filter((name) => name !== HELP);
  return { ...facts, arguments: facts.arguments.map((argument) => ({ ...argument, choices })) };
}

function factsOfOption(option: Option): OptionFacts {
  const value = /[<[].*$/.exec(option.flags)?.[0];
  const { defaultValue, defaultValueDescription } = option;
  const given = defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue));
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    value,
    kind: kindOf(value ?? ''),
    choices: option.argChoices ?? [],
    required: option.mandatory,
    repeatable: option.variadic,
    fallback: value === undefined ? undefined : given,
  };
}

function factsOfArgument(argument: Argument): ArgumentFacts {
  const name = argument.name();
  const shown = argument.variadic ? `${name}...` : name;
  return {
    shown: argument.required ? `<${shown}>` : `[${shown}]`,
    name,
    description: argument.description,
    kind: kindOf(name),
    choices: argument.argChoices ?? [],
    repeatable: argument.variadic,
  };
}

/** The placeholder says what a value is: `<file>` and `<ldif>` are files, `<dir>` is a folder. */
function kindOf(placeholder: string): ValueKind {
  const [word = ''] = /[a-z]+/.exec(placeholder) ?? [];
  if (word === 'file' || word === 'ldif') return 'file';
  return word === 'dir' ? 'folder' : 'other';
}
