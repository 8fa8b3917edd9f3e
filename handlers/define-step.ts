import type { PartialSettingsOf, SectionSchema, SettingsOf } from '../config/kinds/setting.ts';
import type { CheckLine } from '../src/domain/check-line.ts';
import type { HomeRules } from '../src/domain/home-path.ts';
import type { Job, StepContext, StepOutcome } from '../src/domain/job.ts';
import type { RunCommand } from '../src/script/command.ts';
import type { Getent } from '../src/script/getent.ts';
import type { ScriptRunner } from '../src/script/runner.ts';

/** The site's settings that steps get, in addition to their own section of the configuration. */
export interface Site extends HomeRules {
  /** The base of the accounts. */
  readonly base: string;
  readonly timeZone: string;
  /** The attribute that holds an account's quota. */
  readonly quotaAttribute: string;
}

/** What a step uses to start programs. */
export interface Means {
  readonly scripts: ScriptRunner;
  readonly getent: Getent;
  readonly runCommand: RunCommand;
}

/** What the inspection of the host uses. */
export interface Look {
  readonly getent: Getent;
  readonly runCommand: RunCommand;
  readonly signal: AbortSignal;
}

/**
 * Runs a step for one account. Faults of a site or an entry are outcomes and never reject. Rejects
 * with a Shortage if the host lacks a resource; then the account is tried again later.
 */
export type RunStep = (job: Job, context: StepContext, means: Means) => Promise<StepOutcome>;

/** How an attempt fails when its step reaches its limit. The reason contains the remedy. */
interface Overdue {
  readonly returnValue: number;
  readonly remedy: string;
}

/** A setting that contradicts another one of its section, and what is expected of it. */
interface Contradiction {
  readonly key: string;
  readonly expected: string;
}

/** The complete declaration of a step. */
export interface StepDeclaration<Section extends string, Schema extends SectionSchema> {
  /** The name in the `step` event and in sstProvisioningExecutionTime. */
  readonly name: string;
  /** The key of its section in the configuration. Several steps may share a section. */
  readonly section: Section;
  readonly settings: Schema;
  /** Whether the step is on with these settings. */
  isOn(settings: SettingsOf<Schema>, site: Site): boolean;
  /**
   * Whether `script.homeRoot` must be set, because the step acts as root on a home from an entry.
   */
  needsHomeRoot?(settings: PartialSettingsOf<Schema>): boolean;
  contradiction?(settings: PartialSettingsOf<Schema>): Contradiction | undefined;
  /**
   * The files that the service must be able to read, by the key of the setting; null: none is set.
   */
  files?(settings: SettingsOf<Schema>): Readonly<Record<string, string | null>>;
  /** Checks what the step needs from the host. Returns the lines for `check`. */
  inspect(settings: SettingsOf<Schema>, site: Site, look: Look): Promise<readonly CheckLine[]>;
  /** The time limit of a run in milliseconds. It is longer than the step's own time limits. */
  limit(settings: SettingsOf<Schema>, site: Site): number;
  /** How long an aborted run is waited for, in milliseconds. */
  grace(settings: SettingsOf<Schema>, site: Site): number;
  readonly overdue: Overdue;
  /**
   * Creates the function that runs the step. It must stop when `context.signal` is aborted, which
   * also happens at the limit, and start nothing after that: the attempt ends even if the step does
   * not.
   */
  run(settings: SettingsOf<Schema>, site: Site): RunStep;
}

/** A step with the settings of a site. */
export interface SiteStep {
  readonly name: string;
  readonly limitMilliseconds: number;
  readonly graceMilliseconds: number;
  readonly overdue: Overdue;
  inspect(look: Look): Promise<readonly CheckLine[]>;
  readonly run: RunStep;
}

/** A declared step, usable without the type of its section's settings. */
export interface Step<Section extends string, Schema extends SectionSchema> {
  readonly section: Section;
  readonly settings: Schema;
  /** The step with the settings of a site; undefined if it is off. */
  at(settings: Readonly<Record<Section, SettingsOf<Schema>>>, site: Site): SiteStep | undefined;
  needsHomeRoot(settings: Readonly<Record<Section, PartialSettingsOf<Schema>>>): boolean;
  contradiction(settings: Readonly<Record<Section, PartialSettingsOf<Schema>>>): Contradiction | undefined;
  files(settings: Readonly<Record<Section, SettingsOf<Schema>>>): Readonly<Record<string, string | null>>;
}

/** Declares a step. Each section has a line in `steps/registry.ts`. */
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
