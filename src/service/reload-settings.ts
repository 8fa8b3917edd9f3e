import { ConfigurationError, type FaultAt } from '../../config/fault.ts';
import { loadConfig } from '../../config/load-config.ts';
import { reloaded } from '../../config/reload.ts';
import type { Settings } from '../../config/schema.ts';
import { script } from '../../handlers/steps/chroot-script.ts';
import type { Control, ControlAnswer } from '../domain/control.ts';
import { defined } from '../domain/defined.ts';
import type { Report } from '../domain/event.ts';
import type { SystemdNotifier } from '../observability/systemd-notify.ts';
import { checkStep } from '../preflight/steps.ts';

interface ReloadOptions {
  /** The path of the settings. */
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The settings at the start. */
  readonly settings: Settings;
  /** Applies the settings. */
  readonly use: (settings: Settings) => void;
  readonly manager: Pick<SystemdNotifier, 'reloading' | 'ready'>;
  readonly report: Report;
}

/**
 * Returns the order that reads the configuration again. A setting that can only change at a restart
 * keeps its value, and the answer names it. Reloads run one after another.
 */
export function createReload(options: ReloadOptions): Control['reload'] {
  let { settings } = options;
  let before: Promise<unknown> = Promise.resolve();
  const reload = async (who: string | undefined): Promise<ControlAnswer> => {
    const { configFile, env, use, manager, report } = options;
    manager.reloading();
    try {
      const next = reloaded(settings, await loadConfig(configFile, env), env);
      if (next.faults.length > 0) return refused(contradicting(next.faults));
      const { changed, needRestart } = next;
      settings = next.settings;
      use(settings);
      report({ event: 'reloaded', changed, needRestart, ...defined({ who }) });
      return {
        done: true,
        words: [...changeWords(changed, needRestart), ...(await scriptFaults(settings))].join('\n'),
      };
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return refused(error.message);
    } finally {
      manager.ready();
    }
  };
  return ({ who }) => {
    const answer = before.then(() => reload(who));
    before = answer.catch(() => {});
    return answer;
  };
}

function refused(reason: string): ControlAnswer {
  return { done: false, words: `Nothing is changed. ${reason}` };
}

function contradicting(faults: readonly FaultAt[]): string {
  const each = faults.map(({ path, expected }) => `${path.join('.')}: expected ${expected}`);
  return ['What could be taken needs other keys that a restart takes:', ...each].join('\n');
}

function changeWords(changed: readonly string[], needRestart: readonly string[]): string[] {
  const what = changed.length === 0 ? 'Nothing has changed that can be taken' : `Changed: ${changed.join(', ')}`;
  const rest = needRestart.length === 0 ? [] : [`A restart is needed for: ${needRestart.join(', ')}.`];
  return [`${what}.`, ...rest];
}

async function scriptFaults(settings: Settings): Promise<string[]> {
  const lines = await checkStep(script, settings);
  return lines
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ what, found, remedy }) => `${what}: ${found}; ${remedy}`);
}
