// A service in miniature, in a process of its own, so that it can be killed: runs one script and says when it has started.
// Arguments: `auto` or `none`, what to do with the script (`wait` for it, or `leave` at once), the script.
import { createViteServer } from 'vitest/node';

const [launcher, then, script] = process.argv.slice(2);
const root = new URL('../..', import.meta.url).pathname;
const loader = await createViteServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, ws: false, watch: null },
});
const { createScriptRunner } = await loader.ssrLoadModule('/src/script/script-runner.ts');
const { ownerMark } = await loader.ssrLoadModule('/src/script/owner.ts');
const runner = createScriptRunner({ launcher, onNotice: (message) => console.log(message) });
const running = runner.run({
  command: [script],
  env: { PATH: '/usr/bin:/bin', PROV_UID: '3724300', PROV_DN: 'uid=3724300,dc=example', PROV_SERVICE: ownerMark() },
  stdin: '',
  timeoutMilliseconds: 60_000,
  killGraceMilliseconds: 500,
  onLine: (_, line) => console.log(line),
  signal: new AbortController().signal,
});
await loader.close();
console.log(then, await (then === 'wait' ? running : running.then(({ kind }) => kind)));
