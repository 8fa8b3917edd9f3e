import type { ViewProps } from '../browser/view-state.ts';
import { AccountPanel } from './account-panel.tsx';
import { Causes } from './causes.tsx';
import { Head } from './head.tsx';
import { Help } from './help.tsx';
import { Lanes } from './lanes.tsx';
import { Numbers } from './numbers.tsx';
import { Toolbar } from './toolbar.tsx';

/** The whole page. */
export function Page({ state }: ViewProps) {
  const isStale = state.link.is === 'lost';
  return (
    <div class={`page${isStale ? ' stale' : ''}`}>
      <Head state={state} />
      <main class={state.opened === undefined ? '' : 'with-account'}>
        <Numbers state={state} />
        <Causes state={state} />
        <Toolbar state={state} />
        <Lanes state={state} />
        {state.opened !== undefined && <AccountPanel opened={state.opened} state={state} />}
      </main>
      <Help />
      {state.tip !== undefined && (
        <div class="tip" aria-hidden="true" style={{ left: `${state.tip.x}px`, top: `${state.tip.y}px` }}>
          {state.tip.lines.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </div>
      )}
    </div>
  );
}
