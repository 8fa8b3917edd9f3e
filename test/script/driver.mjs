// A minimal service in its own process, so that it can be killed. It runs one script and prints
// when the script has ended. Argument: the options of driver.ts as JSON.
import { createViteServer } from 'vitest/node';

const { launcher, what, script, base, timeoutMilliseconds, killGraceMilliseconds } = JSON.parse(process.argv[2]);
const root = new URL('../..', import.meta.url).pathname;
const loader = await createViteServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, ws: false, watch: null },
});
const { createScriptRunner } = await loader.ssrLoadModule('/src/script/script-runner.ts');
const runner = createScriptRunner({ launcher, base, onNotice: (message) => console.log(message) });
const running = runner.run({
  command: [script],
  account: { uid: '3724300', dn: `uid=3724300,${base}` },
  env: { PATH: '/bin:/usr/bin' },
  stdin: '',
  timeoutMilliseconds,
  killGraceMilliseconds,
  onLine: (_, line) => console.log(line),
  signal: new AbortController().signal,
});
await loader.close();
console.log(what, await (what === 'wait' ? running : running.then(({ kind }) => kind)));
