import type { WaitingMail } from '../store/outlook.ts';

/** Messages by the moment they are due; those that were put back stand beside the list they came from, in a heap. */
export class DueLine {
  readonly #waiting: readonly WaitingMail[];
  /** Each is due no later than the two at twice its place, plus one and two. */
  readonly #heap: WaitingMail[] = [];
  #taken = 0;

  constructor(waiting: readonly WaitingMail[]) {
    this.#waiting = waiting;
  }

  get length(): number {
    return this.#waiting.length - this.#taken + this.#heap.length;
  }

  first(): WaitingMail | undefined {
    const [next, back] = [this.#waiting[this.#taken], this.#heap[0]];
    return next === undefined || (back !== undefined && isBefore(back, next)) ? back : next;
  }

  take(): WaitingMail | undefined {
    const first = this.first();
    if (first !== undefined && first === this.#waiting[this.#taken]) this.#taken++;
    else this.#sink(this.#heap.pop());
    return first;
  }

  /** The first one is due later. */
  putBack(dueAt: number): void {
    const first = this.take();
    if (first === undefined) return;
    const later = { ...first, due_at: dueAt };
    let place = this.#heap.push(later) - 1;
    for (let above = (place - 1) >> 1; place > 0; place = above, above = (place - 1) >> 1) {
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(later, parent)) break;
      this.#heap[place] = parent;
      this.#heap[above] = later;
    }
  }

  /** The top has gone, and the heap's last one finds its place from there. */
  #sink(last: WaitingMail | undefined): void {
    const heap = this.#heap;
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let place = 0; ; ) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      if (left === undefined) return;
      const [below, child] = right !== undefined && isBefore(right, left) ? [2 * place + 2, right] : [2 * place + 1, left];
      if (!isBefore(child, last)) return;
      heap[place] = child;
      heap[below] = last;
      place = below;
    }
  }
}

function isBefore(a: WaitingMail, b: WaitingMail): boolean {
  return a.due_at < b.due_at || (a.due_at === b.due_at && a.id < b.id);
}
