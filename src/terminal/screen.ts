import { printable } from './printable.ts';

const ESC = '\u001b[';
/** The alternate screen, no cursor, and no line that runs on into the next (xterm's ctlseqs: 1049, 25, 7). */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}0m${ESC}?7h${ESC}?25h${ESC}?1049l`;
/** Terminals that know it show what is between the two at once; others ignore it. */
const TOGETHER = [`${ESC}?2026h`, `${ESC}?2026l`] as const;

/**
 * The whole terminal, until `close` gives it back as it was. Of each picture only the lines that
 * changed are written, each to its own row: what a resize or another program left there cannot stay.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #onExit = () => this.close();
  #drawn: string[] = [];
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  get columns(): number {
    return this.#out.columns || 80;
  }

  get rows(): number {
    return this.#out.rows || 24;
  }

  open(): void {
    this.#open = true;
    // Whoever ends the process, the terminal is given back; before an error's message, or it would be lost with the screen.
    process.once('exit', this.#onExit);
    process.prependListener('uncaughtException', this.#onExit);
    this.#out.write(ENTER);
  }

  draw(picture: string): void {
    if (!this.#open) return;
    const lines = picture.split('\n').slice(0, this.rows);
    let changes = '';
    for (let row = 0; row < Math.max(lines.length, this.#drawn.length); row++) {
      const line = lines[row] ?? '';
      // Erased before it is written: a line as wide as the terminal would lose its last column to an erasure after it.
      if (line !== this.#drawn[row]) changes += `${ESC}${row + 1};1H${ESC}2K${printable(line)}`;
    }
    this.#drawn = lines;
    if (changes !== '') this.#out.write(`${TOGETHER[0]}${changes}${TOGETHER[1]}`);
  }

  /** The next picture is drawn as a whole. */
  wipe(): void {
    this.#drawn = [];
    if (this.#open) this.#out.write(`${ESC}0m${ESC}2J`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#onExit).off('uncaughtException', this.#onExit);
    this.#out.write(LEAVE);
  }
}
