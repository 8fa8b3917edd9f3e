import type { Settings } from '../../config/schema.ts';
import type { STEPS } from '../../handlers/steps/registry.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { shortageIn } from '../host/shortage.ts';
import { runCommand } from '../script/command.ts';
import { runGetent } from '../script/getent.ts';
import { siteOf } from '../service/site.ts';

/** Checks what a step needs on this host. Returns no lines if the site does not use the step. */
export async function checkStep(step: (typeof STEPS)[number], settings: Settings): Promise<readonly CheckLine[]> {
  const look = { getent: runGetent, runCommand, signal: new AbortController().signal };
  try {
    return (await step.at(settings, siteOf(settings))?.inspect(look)) ?? [];
  } catch (error) {
    const shortage = shortageIn(error);
    if (shortage === undefined) throw error;
    return [{ verdict: 'fail', what: step.section, found: shortage.message, remedy: shortage.remedy }];
  }
}
