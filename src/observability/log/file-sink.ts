import { defined } from '../../domain/defined.ts';
import { openOutput } from '../../host/output-file.ts';
import { AppendedFile } from '../appended-file.ts';
import type { LogLine } from './log-line.ts';
import { lostLines } from './lost-lines.ts';
import type { OnProblem, Outlet } from './sink.ts';

export interface FileSink extends Outlet {
  /** Opens the path again, after logrotate has renamed the file. */
  reopen(): void;
}

/** Appends lines to a file, as `AppendedFile` does. */
export function createFileSink(path: string, render: (line: LogLine) => string, onProblem: OnProblem): FileSink {
  let lastTime = '';
  let lost = 0;
  let failure: string | undefined;
  const file = new AppendedFile({
    open: () => openOutput(path, { how: 'append', mode: 0o640 }),
    lossNote: (lines) => `${render(lostLines(lines, lastTime))}\n`,
    lost: (lines) => {
      lost += lines;
    },
    recovered: () => {
      failure = undefined;
    },
    failed: (reason) => {
      failure = reason;
      const remedy = 'check the folder, its permissions and its free space, or correct log.file';
      onProblem(`the log file ${path} cannot be written (${reason}); ${remedy}`);
    },
  });

  file.openAhead();
  return {
    write: (line) => {
      lastTime = line.time;
      file.append(`${render(line)}\n`);
    },
    health: () => ({ lost, ...defined({ failure }) }),
    reopen: () => {
      file.flush();
      file.letGo();
      file.openAhead();
    },
    close: async () => {
      file.flush();
      file.letGo();
    },
  };
}
