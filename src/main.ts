import { readFileSync } from 'node:fs';
import { ReturnCode } from './domain/return-code.ts';
import { faultOfRuntime } from './host/runtime.ts';
import { handleSignals } from './host/signals.ts';

const args = process.argv.slice(2);
// The signals are handled before the program is loaded. Loading takes most of the start, and a
// SIGHUP for a reload must not end the process meanwhile.
const signals = args[0] === 'run' ? handleSignals() : undefined;

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};
const fault = faultOfRuntime(process.versions.node, manifest.engines.node);
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`);
  process.exit(ReturnCode.RUNTIME_VERSION_NOT_SATISFIED);
}

const { runProgram } = await import('./program.ts');
await runProgram(args, manifest.version, signals);
