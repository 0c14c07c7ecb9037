import type { LogFields, Logger } from '../../src/observability/logger.ts';

/** One line that was logged. */
export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told, and what it was told. */
export interface KeptLog {
  readonly logger: Logger;
  readonly lines: readonly LogLine[];
  /** `warn A pool is gone: It is not mounted.`, each with the message of its error; those of debug are left out. */
  readonly say: () => readonly string[];
}

/** Makes a log that is empty. */
export function keepLog(): KeptLog {
  const lines: LogLine[] = [];
  const create = (own: LogFields): Logger => {
    const at =
      (level: LogLine['level']) =>
      (message: string, fields: LogFields = {}): void => {
        lines.push({ level, message, fields: { ...own, ...fields } });
      };
    return {
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      child: (fields) => create({ ...own, ...fields }),
    };
  };
  return {
    logger: create({}),
    lines,
    say: () => lines.filter(({ level }) => level !== 'debug').map(toText),
  };
}

function toText({ level, message, fields: { err } }: LogLine): string {
  const why = err instanceof Error ? `: ${err.message}` : '';
  return `${level} ${message}${why}`;
}
