import type { Settings } from '../../config/schema.ts';
import { inspectScript } from '../script/inspect.ts';
import type { CheckLine } from './report.ts';

/** Looks at each of the site's commands: that it can be run, and that nobody else can change it. */
export async function checkScripts({ script }: Settings): Promise<CheckLine[]> {
  const commands = [script.command, ...Object.values(script.perMode).filter((command) => command !== null)];
  const lines: CheckLine[] = [];
  for (const command of commands) {
    const what = `script ${command[0] ?? ''}`;
    const findings = await inspectScript(command, script.path);
    for (const { message, remedy } of findings) lines.push({ verdict: 'fail', what, found: message, remedy });
    if (findings.length === 0)
      lines.push({ verdict: 'ok', what, found: 'executable, and only its owner can change it' });
  }
  return lines;
}
