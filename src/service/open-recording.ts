import type { Settings } from '../../config/schema.ts';
import { programVersion } from '../host/version.ts';
import { recordTo } from '../replay/recorder.ts';
import type { RecordedSettings } from '../replay/recording.ts';
import { rulesOf } from './site.ts';

/**
 * Opens the recording of the pure steps. After a SIGHUP it continues in a new file, as the log
 * does. `notice` is called with a sentence if the file cannot be written.
 */
export function openRecording(file: string, settings: Settings, notice: (message: string) => void) {
  const recorder = recordTo({
    file,
    version: programVersion(),
    settings: recordedOf(settings),
    now: Date.now,
    notice,
  });
  process.on('SIGHUP', recorder.reopen);
  return {
    step: recorder.step,
    /** Applies other settings. */
    use: (next: Settings) => recorder.use(recordedOf(next)),
    close: () => {
      process.off('SIGHUP', recorder.reopen);
      return recorder.close();
    },
  };
}

/** The settings that the steps depend on. */
function recordedOf(settings: Settings): RecordedSettings {
  const { attributes, instances, retry } = settings;
  return { attributes, accounts: rulesOf(settings), instances, retry };
}
