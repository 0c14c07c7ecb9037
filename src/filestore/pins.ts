import { DriverError } from '../domain/errors.ts';

/** Keeps what is being read or changed from being removed, and what is being removed from being read. */
export class Pins {
  readonly #holders = new Map<string, number>();
  readonly #sealed = new Set<string>();

  /** Holds an object until the result is disposed. Throws OPERATION_PENDING while it is being removed. */
  hold(id: string): Disposable {
    if (this.#sealed.has(id)) throw pending(id, 'is being removed');
    this.#holders.set(id, (this.#holders.get(id) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#holders.get(id) ?? 1) - 1;
        if (left > 0) this.#holders.set(id, left);
        else this.#holders.delete(id);
      },
    };
  }

  /** Keeps everybody from holding an object while it is removed. Throws OPERATION_PENDING while it is held, or being removed by another. */
  seal(id: string): Disposable {
    if (this.#holders.has(id)) throw pending(id, 'is being copied or changed');
    if (this.#sealed.has(id)) throw pending(id, 'is being removed');
    this.#sealed.add(id);
    return { [Symbol.dispose]: () => void this.#sealed.delete(id) };
  }

  /** Whether anybody holds it. */
  isHeld(id: string): boolean {
    return this.#holders.has(id);
  }
}

function pending(id: string, what: string): DriverError {
  return new DriverError('OPERATION_PENDING', `${id} ${what}: ask again when that is done.`);
}
