import type { Settings } from '../config/schema.ts';
import type { AvailableSteps } from '../handlers/available-steps.ts';
import { type Handlers, handlersOf } from '../handlers/registry.ts';
import { chrootScriptStep } from '../handlers/steps/chroot-script.ts';
import { homeDirectoryStep } from '../handlers/steps/home-directory.ts';
import { guardHome } from '../handlers/steps/home-guard.ts';
import { hostObjection, type Objection } from '../handlers/steps/host-users.ts';
import { clearQuotaStep, type QuotaOptions, quotaStep } from '../handlers/steps/quota.ts';
import {
  type RsnapshotOptions,
  removeRsnapshotStep,
  rsnapshotStep,
} from '../handlers/steps/rsnapshot-configuration.ts';
import { userCheckStep } from '../handlers/steps/user-check.ts';
import type { ScriptRunner } from './script/runner.ts';

/** Makes the judgement of this host about an account's user. */
export function composeObjection(settings: Settings, signal: AbortSignal): Objection {
  return hostObjection({ rules: settings.accounts, signal });
}

/** Makes the handlers of a site from its settings. */
export function composeHandlers(settings: Settings, runner: ScriptRunner): Handlers {
  const script = guardHome(scriptStep(settings, runner), settings.script.homeRoot);
  return handlersOf({ script, ...optionalSteps(settings) });
}

function scriptStep({ directory, script, quota, timeZone }: Settings, runner: ScriptRunner) {
  const { add, modify, delete: remove } = script.perMode;
  return chrootScriptStep({
    command: script.command,
    commandByMode: {
      ...(add === null ? {} : { add }),
      ...(modify === null ? {} : { modify }),
      ...(remove === null ? {} : { delete: remove }),
    },
    timeoutMilliseconds: script.timeout,
    killGraceMilliseconds: script.killGrace,
    base: directory.base,
    runner,
    path: script.path,
    language: script.language,
    timeZone,
    quotaAttribute: quota.attribute,
  });
}

function optionalSteps({ userCheck, homeCheck, script, quota, rsnapshot }: Settings): Omit<AvailableSteps, 'script'> {
  const { homeRoot } = script;
  return {
    ...(userCheck.enabled
      ? { user: userCheckStep({ timeoutMilliseconds: userCheck.timeout, intervalMilliseconds: userCheck.interval }) }
      : {}),
    ...(homeCheck.enabled || homeRoot !== null ? { home: homeDirectoryStep({ homeRoot }) } : {}),
    ...(quota.enabled ? quotaSteps({ ...quota, homeRoot, timeoutMilliseconds: quota.timeout }) : {}),
    ...(rsnapshot.enabled ? rsnapshotSteps({ ...rsnapshot, homeRoot, timeoutMilliseconds: rsnapshot.timeout }) : {}),
  };
}

function quotaSteps(options: QuotaOptions) {
  return { quota: quotaStep(options), quotaCleared: clearQuotaStep(options) };
}

function rsnapshotSteps(options: RsnapshotOptions) {
  return { rsnapshot: rsnapshotStep(options), rsnapshotRemoved: removeRsnapshotStep(options) };
}
