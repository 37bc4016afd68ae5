/** A value that components follow: the smallest store that React can subscribe to. */
import { useSyncExternalStore } from "react";

export class Cell<T> {
  #value: T;
  readonly #followers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (!Object.is(value, this.#value)) {
      this.#value = value;
      for (const tell of [...this.#followers]) tell();
    }
  }

  readonly follow = (tell: () => void): (() => void) => {
    this.#followers.add(tell);
    return () => this.#followers.delete(tell);
  };

  readonly get = (): T => this.#value;
}

/** The cell's value; the component is drawn again when it is set anew. */
export function useCell<T>(cell: Cell<T>): T {
  return useSyncExternalStore(cell.follow, cell.get);
}
