import { Context, defaultOperators, type Emitter, type Liquid, type Template as LiquidNode, type Operators } from 'liquidjs';

/** What one rendering may take: parts of the template that are run, loops, filters and comparisons included, and bytes that are written. */
const MOST = { steps: 20_000, bytes: 1_000_000 };
/** So many characters of a text that a filter or a comparison looks at are a step; of a list each element is one. */
const CHARACTERS_A_STEP = 100;

class Budget {
  #steps = 0;
  #bytes = 0;

  run(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST.steps) throw new Error(`this lead makes the template take more than ${MOST.steps} steps`);
  }

  /** For one filter or comparison of these values. */
  look(...values: readonly unknown[]): void {
    const steps = (value: unknown) =>
      Array.isArray(value) ? value.length : typeof value === 'string' ? Math.floor(value.length / CHARACTERS_A_STEP) : 0;
    this.run(values.reduce<number>((sum, value) => sum + steps(value), 1));
  }

  write(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MOST.bytes) throw new Error(`this lead makes a text of more than ${MOST.bytes} bytes`);
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
    this.#budget.write(Buffer.byteLength(text));
    this.buffer += text;
  }
}

const budgets = new WeakMap<Context, Budget>();

/** Liquid's own comparisons, each counted. */
export function countedOperators(): Operators {
  const counted = Object.entries(defaultOperators).map(([name, compare]) => {
    // It takes one value.
    if (name === 'not') return [name, compare];
    const counting = (left: unknown, right: unknown, context: Context) => {
      budgets.get(context)?.look(left, right);
      return (compare as (left: unknown, right: unknown, context: Context) => boolean)(left, right, context);
    };
    return [name, counting];
  });
  return Object.fromEntries(counted) as Operators;
}

/**
 * Renders within a budget. Time alone is none: a loop over a cell of 30 kB writes 200 MB in less than a second, and how far it comes in
 * that time hangs on the machine. Call once for an engine: every list of nodes that it runs, inside of tags too, and every filter is
 * counted from then on.
 */
export function budgetedRenderer(engine: Liquid): (nodes: LiquidNode[], scope: object) => string {
  const { renderer } = engine;
  const renderTemplates = renderer.renderTemplates.bind(renderer);
  renderer.renderTemplates = function* (nodes, context, emitter) {
    const budget = budgets.get(context);
    budget?.run(1 + nodes.length);
    return yield* renderTemplates(nodes, context, emitter ?? (budget && new CountingEmitter(budget)));
  };
  countFilters(engine);
  return (nodes, scope) => {
    const context = new Context(scope, engine.options, { sync: true });
    budgets.set(context, new Budget());
    return String(engine.renderSync(nodes, context));
  };
}

function countFilters(engine: Liquid): void {
  for (const [name, filter] of Object.entries(engine.filters)) {
    const { handler, raw = false } = typeof filter === 'function' ? { handler: filter } : filter;
    const counting: typeof handler = function (value, ...parameters) {
      budgets.get(this.context)?.look(value);
      return handler.call(this, value, ...parameters);
    };
    engine.registerFilter(name, { handler: counting, raw });
  }
}
