import type { ViewProps } from '../browser/view-state.ts';

/**
 * A command to paste. A click selects all of it. A button copies it where the browser allows that.
 */
export function Command({ text, state }: ViewProps & { readonly text: string }) {
  return (
    <span class="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll */}
      <code tabIndex={0}>{text}</code>
      {window.isSecureContext && (
        <button type="button" class="quiet" aria-label={`copy ${text}`} onClick={() => state.actions.copy(text)}>
          {state.copied === text ? 'copied' : 'copy'}
        </button>
      )}
    </span>
  );
}
