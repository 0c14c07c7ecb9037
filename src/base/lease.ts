/** What one of several controllers holds at a time. It saves work that would be done twice; nothing may be wrong when two do it. */
export interface Lease {
  /**
   * Does the work each time this program comes to hold the lease, until `signal` aborts; then it resolves. The signal that the work is given
   * aborts when the lease is lost, which may be noticed late. When the work returns by itself, the lease is given back, and this resolves.
   * Throws only what the work throws.
   */
  holdWhile(work: (held: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** The lease of a program that shares its work with nobody. */
export const alwaysHeld: Lease = {
  async holdWhile(work, signal) {
    if (!signal.aborted) await work(signal);
  },
};
