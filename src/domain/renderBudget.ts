import { Context, type Emitter, type Liquid, type Template as LiquidNode } from 'liquidjs';

/** What one rendering may take: parts of the template that are run, loops included, and characters that are written. */
const MOST = { steps: 20_000, characters: 1_000_000 };

class Budget {
  #steps = 0;
  #characters = 0;

  run(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST.steps) throw new Error(`this lead makes the template take more than ${MOST.steps} steps`);
  }

  write(characters: number): void {
    this.#characters += characters;
    if (this.#characters > MOST.characters) throw new Error(`this lead makes a text of more than ${MOST.characters} characters`);
  }
}

/** Collects what is written, into a mail or into a variable of `capture`, and counts it first. */
class CountingEmitter implements Emitter {
  buffer = '';
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  write(written: unknown): void {
    const text = written === null || written === undefined ? '' : String(written);
    this.#budget.write(text.length);
    this.buffer += text;
  }
}

/**
 * Renders within a budget. Time alone is none: a loop over a cell of 30 kB writes 200 MB in less than a second.
 * Call once for an engine: every list of nodes that it runs, inside of tags too, is counted from then on.
 */
export function budgetedRenderer(engine: Liquid): (nodes: LiquidNode[], scope: object) => string {
  const budgets = new WeakMap<Context, Budget>();
  const { renderer } = engine;
  const renderTemplates = renderer.renderTemplates.bind(renderer);
  renderer.renderTemplates = function* (nodes, context, emitter) {
    const budget = budgets.get(context);
    budget?.run(nodes.length);
    return yield* renderTemplates(nodes, context, emitter ?? (budget && new CountingEmitter(budget)));
  };
  return (nodes, scope) => {
    const context = new Context(scope, engine.options, { sync: true });
    budgets.set(context, new Budget());
    return String(engine.renderSync(nodes, context));
  };
}
