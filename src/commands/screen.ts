import type { WriteStream } from 'node:tty';

/**
 * Control sequences (xterm, ctlseqs). ENTER switches to the alternate screen, hides the cursor and
 * lets the terminal cut long lines. LEAVE restores the previous screen.
 */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** The size that is assumed if the terminal does not report one. */
const USUAL_SIZE = { columns: 80, rows: 24 };

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** The size of the terminal, or the usual one. */
export function sizeOf({ columns, rows }: Pick<WriteStream, 'columns' | 'rows'>): ScreenSize {
  // A terminal whose size was never set reports 0.
  return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
}

/**
 * The text with control sequences that show it in place of the previous one. Lines below the last
 * row are left out, so that the terminal never scrolls.
 */
export function frame(text: string, { rows }: ScreenSize): string {
  const lines = text.split('\n').slice(0, rows);
  return HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW;
}

/**
 * A terminal that shows one text at a time. The previous content is restored when the screen is
 * closed, when the process exits for any reason, and while the process is suspended (Ctrl-Z).
 *
 * States:
 *
 *   open -> suspended    SIGTSTP
 *   suspended -> open    SIGCONT
 *   any -> closed        `close`, or the process exits
 */
export class Screen {
  readonly #terminal: WriteStream;
  readonly #draw: (size: ScreenSize) => string;
  readonly #restore = (): void => this.#leave();
  readonly #suspend = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };
  readonly #resume = (): void => {
    this.#enter();
    this.show();
  };
  readonly #resized = (): void => this.show();
  #entered = false;

  /** `draw` returns the text for a size. */
  constructor(terminal: WriteStream, draw: (size: ScreenSize) => string) {
    this.#terminal = terminal;
    this.#draw = draw;
    process.on('exit', this.#restore);
    process.on('SIGTSTP', this.#suspend);
    process.on('SIGCONT', this.#resume);
    terminal.on('resize', this.#resized);
    this.#enter();
  }

  show(): void {
    const size = sizeOf(this.#terminal);
    if (this.#entered) this.#terminal.write(frame(this.#draw(size), size));
  }

  close(): void {
    process.off('exit', this.#restore);
    process.off('SIGTSTP', this.#suspend);
    process.off('SIGCONT', this.#resume);
    this.#terminal.off('resize', this.#resized);
    this.#leave();
  }

  #enter(): void {
    if (!this.#entered) this.#terminal.write(ENTER);
    this.#entered = true;
  }

  #leave(): void {
    if (this.#entered) this.#terminal.write(LEAVE);
    this.#entered = false;
  }
}
