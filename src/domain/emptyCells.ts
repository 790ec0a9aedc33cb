import { withoutInvisible } from './invisible.ts';
import type { LeadFields } from './lead.ts';

/** Counts, lead by lead, which of some variables are empty. */
export class EmptyCells {
  readonly #empty: Map<string, number>;
  #leads = 0;

  constructor(names: Iterable<string>) {
    this.#empty = new Map([...names].map((name) => [name, 0]));
  }

  get leads(): number {
    return this.#leads;
  }

  /** False where there is nothing to count. */
  get wanted(): boolean {
    return this.#empty.size > 0;
  }

  look(fields: LeadFields): void {
    this.#leads++;
    for (const [name, count] of this.#empty) if (isEmpty(fields, name)) this.#empty.set(name, count + 1);
  }

  /** Takes over what another one has counted of the same variables. */
  add(other: EmptyCells): void {
    this.#leads += other.#leads;
    for (const [name, count] of this.#empty) this.#empty.set(name, count + other.of(name));
  }

  /** In how many leads this variable is empty; of one that is not counted in none. */
  of(name: string): number {
    return this.#empty.get(name) ?? 0;
  }

  /** With nothing counted yet. */
  afresh(): EmptyCells {
    return new EmptyCells(this.#empty.keys());
  }
}

/** As mails are written: what nobody sees is nothing. */
function isEmpty(fields: LeadFields, name: string): boolean {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === undefined || withoutInvisible(value).trim() === '';
}
