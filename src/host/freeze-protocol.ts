/** What the helper that holds a freeze is told, as its arguments. */
export interface FreezeOrder {
  readonly mountPoint: string;
  /** Of the file system that is meant; the helper freezes no other. */
  readonly majorMinor: string;
  readonly maxFrozenMs: number;
}

/**
 * What it says, a line each: first `frozen` or `failed`; after `frozen`, in the end, `thawed`, or `expired` when the freeze
 * ended before its parent was done. It thaws when its standard input ends, by whatever cause.
 */
export type FreezeReport =
  | { readonly state: 'frozen' | 'thawed' | 'expired' }
  | { readonly state: 'failed'; readonly code: string; readonly message: string };

export function toOrderArguments(order: FreezeOrder): readonly string[] {
  return [order.mountPoint, order.majorMinor, String(order.maxFrozenMs)];
}

/** Throws on arguments that are no order. */
export function parseOrderArguments(words: readonly string[]): FreezeOrder {
  const [mountPoint, majorMinor, milliseconds] = words;
  const maxFrozenMs = Number(milliseconds);
  if (mountPoint === undefined || majorMinor === undefined || !Number.isSafeInteger(maxFrozenMs)) {
    throw new Error('Usage: freeze-helper MOUNT-POINT MAJOR:MINOR MILLISECONDS');
  }
  return { mountPoint, majorMinor, maxFrozenMs };
}

/** A line without its end. */
export function formatReport(report: FreezeReport): string {
  if (report.state !== 'failed') return report.state;
  return `failed ${report.code} ${report.message.replaceAll('\n', ' ')}`;
}

/** Undefined for a line that is no report. */
export function parseReport(line: string): FreezeReport | undefined {
  if (line === 'frozen' || line === 'thawed' || line === 'expired') return { state: line };
  const [, code, message] = /^failed (\S+) (.*)$/.exec(line) ?? [];
  return code === undefined || message === undefined ? undefined : { state: 'failed', code, message };
}
