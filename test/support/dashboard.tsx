import { Chalk } from 'chalk';
import { render } from 'ink-testing-library';
import { openDesk } from '../../src/app/desk.ts';
import { deskOf } from '../../src/commands/dash.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { Dash } from '../../src/tui/dash.ts';
import { paintFor } from '../../src/tui/paint.ts';
import { Dashboard } from '../../src/tui/run.tsx';
import type { Bench } from './bench.ts';

/** The dashboard over a bench's database, at its clock, on a terminal of ink-testing-library. */
export class DashboardBench {
  size = { columns: 80, rows: 24 };
  /** How many pictures were shown. */
  shown = 0;
  left = false;
  readonly dash: Dash;
  readonly #paint;
  #pressed: Promise<void>[] = [];
  #ink: ReturnType<typeof render> | undefined;

  constructor(bench: Bench, { colour = false, unicode = true } = {}) {
    this.#paint = paintFor(new Chalk({ level: colour ? 1 : 0 }), unicode);
    const workspace = workspaceAt(bench.folder.path);
    this.dash = new Dash({
      open: async () => deskOf(await openDesk(workspace, { OUTREACH_STATE: bench.folder.at('state') })),
      show: (picture) => {
        this.shown++;
        const face = <Dashboard paint={this.#paint} picture={picture} press={(key) => this.#pressed.push(this.dash.press(key))} />;
        if (this.#ink === undefined) this.#ink = render(face);
        else this.#ink.rerender(face);
      },
      size: () => this.size,
      leave: () => {
        this.left = true;
      },
      now: () => bench.now,
    });
  }

  async open(): Promise<this> {
    await this.dash.tick();
    return this;
  }

  /** What stands on the terminal. */
  get screen(): string {
    return this.#paint.rows.put(this.#ink?.lastFrame() ?? '', this.size.rows);
  }

  /** Keys as a terminal sends them, one piece each, and what they set going to its end. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.#ink?.stdin.write(key);
      // Ink waits a turn to know an Escape from the beginning of an arrow.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(this.#pressed.splice(0));
    }
  }

  async close(): Promise<void> {
    this.#ink?.unmount();
    await this.dash.close();
  }
}

export const KEYS = { down: '\u001b[B', up: '\u001b[A', enter: '\r', escape: '\u001b', backspace: '\u007f' };
