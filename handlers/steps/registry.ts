import type { SettingsOf } from '../../config/kinds/setting.ts';
import { script } from './chroot-script.ts';
import { homeCheck } from './home-directory.ts';
import { quota } from './quota.ts';
import { rsnapshot } from './rsnapshot.ts';
import { userCheck } from './user-check.ts';

/** One step of each section. Their order is that of the sections and of the lines of `check`. */
export const STEPS = [script, userCheck, homeCheck, quota, rsnapshot] as const;

type RegisteredStep = (typeof STEPS)[number];

type StepSections = { readonly [S in RegisteredStep as S['section']]: S['settings'] };

/** The settings of all steps. */
export type StepSettings = { readonly [S in keyof StepSections]: SettingsOf<StepSections[S]> };

/** The sections of the configuration that the steps declare. */
export const stepSections = Object.fromEntries(
  STEPS.map(({ section, settings }) => [section, settings]),
) as unknown as StepSections;
