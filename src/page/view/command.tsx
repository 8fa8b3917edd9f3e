import type { ViewProps } from '../browser/view-state.ts';

/** A command to paste. A click selects it whole; it is copied where a page may do that. */
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
