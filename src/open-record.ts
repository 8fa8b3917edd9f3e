import type { Settings } from '../config/schema.ts';
import { type Recorder, recordTo } from './replay/recorder.ts';
import { rulesOf } from './site.ts';
import { programVersion } from './version.ts';

/**
 * Begins to keep a record of the service's steps; SIGHUP goes on in a new file, as for the log.
 * `notice`: told, in a sentence, when the file cannot be written.
 */
export function openRecord(
  file: string,
  settings: Settings,
  notice: (message: string) => void,
): Pick<Recorder, 'step' | 'close'> {
  const { attributes, instances, retry } = settings;
  const accounts = rulesOf(settings);
  const recorder = recordTo({
    file,
    version: programVersion(),
    settings: { attributes, accounts, instances, retry },
    now: Date.now,
    notice,
  });
  process.on('SIGHUP', recorder.reopen);
  return {
    step: recorder.step,
    close: () => {
      process.off('SIGHUP', recorder.reopen);
      return recorder.close();
    },
  };
}
