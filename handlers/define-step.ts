import type { PartialSettingsOf, SectionSchema, SettingsOf } from '../config/kinds/setting.ts';
import type { CheckLine } from '../src/domain/check-line.ts';
import type { HomeRules } from '../src/domain/home-path.ts';
import type { Job, StepContext, StepOutcome } from '../src/domain/job.ts';
import type { RunCommand } from '../src/script/command.ts';
import type { ScriptRunner } from '../src/script/runner.ts';

/** What a step is told of its site beside its own section of the configuration. */
export interface Site extends HomeRules {
  /** Below which the accounts are. */
  readonly base: string;
  readonly timeZone: string;
  /** The attribute that holds an account's quota. */
  readonly quotaAttribute: string;
}

/** What a step works with. */
export interface Means {
  readonly scripts: ScriptRunner;
  readonly runCommand: RunCommand;
}

/** What a look at the host works with. */
export interface Look {
  readonly runCommand: RunCommand;
  readonly signal: AbortSignal;
}

/**
 * Does a step for one account. Never rejects for what a site or an entry can cause: such is an
 * outcome. Rejects where the host is short of something (Shortage): then the account waits.
 */
export type RunStep = (job: Job, context: StepContext, means: Means) => Promise<StepOutcome>;

/** How an attempt ends whose step has reached its limit; the remedy is a part of the reason. */
export interface Overdue {
  readonly returnValue: number;
  readonly remedy: string;
}

/** What is expected of a setting, given the others of its section. */
export interface Contradiction {
  readonly key: string;
  readonly expected: string;
}

/** All that there is to say of a step. */
export interface StepDeclaration<Section extends string, Schema extends SectionSchema> {
  /** As in the `step` event and in sstProvisioningExecutionTime. */
  readonly name: string;
  /**
   * The key of its section in the configuration. The steps of one section share what is said of it.
   */
  readonly section: Section;
  readonly settings: Schema;
  /** Whether a site with these settings has the step. */
  isOn(settings: SettingsOf<Schema>, site: Site): boolean;
  /** Whether `script.homeRoot` must be set, as root acts in the homes by what an entry says. */
  needsHomeRoot?(settings: PartialSettingsOf<Schema>): boolean;
  contradiction?(settings: PartialSettingsOf<Schema>): Contradiction | undefined;
  /**
   * The files, by the key that names them, that the service must be able to read; null: none is
   * named.
   */
  files?(settings: SettingsOf<Schema>): Readonly<Record<string, string | null>>;
  /** Looks at what the step needs of the host: a line of `check` for each thing. */
  inspect(settings: SettingsOf<Schema>, site: Site, look: Look): Promise<readonly CheckLine[]>;
  /**
   * The longest time that a run may take, in milliseconds: beyond all limits that the step keeps
   * itself.
   */
  limit(settings: SettingsOf<Schema>, site: Site): number;
  /** For how long a run is waited for once it has been told to stop, in milliseconds. */
  grace(settings: SettingsOf<Schema>, site: Site): number;
  readonly overdue: Overdue;
  /**
   * Makes the function that does the step at a site. It stops when `context.signal` is aborted,
   * which is at the limit, too, and begins nothing after that: an attempt whose step does not end
   * is over all the same.
   */
  run(settings: SettingsOf<Schema>, site: Site): RunStep;
}

/** A step as a site has it. */
export interface SiteStep {
  readonly name: string;
  readonly limitMilliseconds: number;
  readonly graceMilliseconds: number;
  readonly overdue: Overdue;
  inspect(look: Look): Promise<readonly CheckLine[]>;
  readonly run: RunStep;
}

/** A step that is declared, for those who know nothing of its section but the name. */
export interface Step<Section extends string, Schema extends SectionSchema> {
  readonly section: Section;
  readonly settings: Schema;
  /** The step as a site has it; undefined: the site does without. */
  at(settings: Readonly<Record<Section, SettingsOf<Schema>>>, site: Site): SiteStep | undefined;
  needsHomeRoot(settings: Readonly<Record<Section, PartialSettingsOf<Schema>>>): boolean;
  contradiction(settings: Readonly<Record<Section, PartialSettingsOf<Schema>>>): Contradiction | undefined;
  files(settings: Readonly<Record<Section, SettingsOf<Schema>>>): Readonly<Record<string, string | null>>;
}

/** Declares a step. `steps/registry.ts` has a line for each section. */
export function defineStep<const Section extends string, Schema extends SectionSchema>(
  step: StepDeclaration<Section, Schema>,
): Step<Section, Schema> {
  const { name, section, overdue } = step;
  return {
    section,
    settings: step.settings,
    at: ({ [section]: settings }, site) => {
      if (!step.isOn(settings, site)) return undefined;
      return {
        name,
        limitMilliseconds: step.limit(settings, site),
        graceMilliseconds: step.grace(settings, site),
        overdue,
        inspect: (look) => step.inspect(settings, site, look),
        run: step.run(settings, site),
      };
    },
    needsHomeRoot: ({ [section]: settings }) => step.needsHomeRoot?.(settings) ?? false,
    contradiction: ({ [section]: settings }) => step.contradiction?.(settings),
    files: ({ [section]: settings }) => step.files?.(settings) ?? {},
  };
}
