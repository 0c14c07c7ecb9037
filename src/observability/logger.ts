/** Facts beside a message. `err` takes an Error and prints its code, message, stack and causes. Never secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What the rest of the program logs to. Messages are static sentences, data goes into the fields; request id, method and volume id
 * of the call under way are added by themselves. error = an operator must act, warn = degraded, info = state changed, debug = detail.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds these fields, `component` for instance. */
  child(fields: LogFields): Logger;
}

/** Logs nothing. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};
