import { EventEmitter } from 'node:events';
import type { ChalkInstance } from 'chalk';
import { type Key as InkKey, type Instance, render, useInput } from 'ink';
import { Screen } from '../terminal/screen.ts';
import { Dash, POLL_MS } from './dash.ts';
import type { Desk } from './desk.ts';
import { Face } from './face.tsx';
import type { Key } from './keys.ts';
import { type Paint, paintFor } from './paint.ts';
import type { Picture } from './views.ts';

interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly colour: ChalkInstance;
  readonly unicode: boolean;
}

/** Shows the dashboard until it is left; the terminal is then as it was, however it ends. */
export async function runDash(open: () => Promise<Desk>, { stdin, stdout, colour, unicode }: Terminal): Promise<void> {
  const paint = paintFor(colour, unicode);
  const screen = new Screen(stdout);
  const canvas = new Canvas(screen, paint);
  let end: (error?: unknown) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  let ink: Instance | undefined;
  const dash = new Dash({
    open,
    now: Date.now,
    size: () => screen,
    leave: () => end(),
    show(picture) {
      const face = <Dashboard paint={paint} picture={picture} press={(key) => dash.press(key).catch(end)} />;
      if (ink === undefined)
        ink = render(face, {
          stdout: canvas as unknown as NodeJS.WriteStream,
          stdin,
          debug: true,
          exitOnCtrlC: false,
          patchConsole: false,
        });
      else ink.rerender(face);
    },
  });
  const resize = () => {
    screen.wipe();
    dash.resized().catch(end);
  };
  const leave = () => end();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // Not `once`: Ink ends the process by the signal where it finds itself the only one that listens.
  for (const signal of signals) process.on(signal, leave);
  stdout.on('resize', resize);
  screen.open();
  const polling = setInterval(() => dash.tick().catch(end), POLL_MS);
  try {
    await dash.resized();
    void ink?.waitUntilExit().then(leave, end);
    await ended;
  } finally {
    clearInterval(polling);
    stdout.off('resize', resize);
    screen.close();
    ink?.unmount();
    await dash.close();
    for (const signal of signals) process.off(signal, leave);
  }
}

/** A picture with the keys that are pressed while it is shown. */
export function Dashboard({ paint, picture, press }: { paint: Paint; picture: Picture; press: (key: Key) => void }) {
  useInput((input, key) => {
    for (const name of namesOf(input, key)) press(name);
  });
  paint.rows.begin();
  return <Face paint={paint} picture={picture} />;
}

/** Several keys may come in one piece, from quick fingers over a slow line. */
function namesOf(input: string, key: InkKey): Key[] {
  const named = NAMED.find(([name]) => key[name]);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return [`ctrl-${input}`];
  return key.meta ? [] : [...input].map((character) => CONTROLS[character] ?? character).filter((name) => name >= ' ');
}

const CONTROLS: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'ctrl-c',
};

const NAMED = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
] as const satisfies readonly (readonly [keyof InkKey, Key])[];

/**
 * What Ink takes for its terminal. In its debug mode it writes every picture as a whole, and a `Screen`
 * puts the lines that changed in their places; Ink's own writer moves relative to where it believes
 * the cursor is, which leaves ghosts when a terminal shrinks, and writes nothing where CI is set.
 */
class Canvas extends EventEmitter {
  readonly isTTY = false;
  readonly #screen: Screen;
  readonly #paint: Paint;

  constructor(screen: Screen, paint: Paint) {
    super();
    this.#screen = screen;
    this.#paint = paint;
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  write(picture: string): void {
    this.#screen.draw(this.#paint.rows.put(picture, this.#screen.rows));
  }
}
