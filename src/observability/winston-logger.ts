import { finished } from 'node:stream/promises';
import type { Logger as Winston } from 'winston';
import { createLogger as createWinston, format, transports } from 'winston';
import type { LogFields, Logger } from './logger.ts';
import { formatPretty } from './pretty-format.ts';
import type { RequestContext } from './request-context.ts';
import { serialiseError } from './serialise-error.ts';

/** How a logger is set up. */
export interface LoggerOptions {
  /** The least that is logged. */
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'pretty';
  /** Where the fields of the call under way come from. */
  readonly context: RequestContext;
  /** Where lines go; it is not closed. */
  readonly stream: NodeJS.WritableStream;
}

/** A logger, and how to end it. */
export interface OwnedLogger {
  readonly logger: Logger;
  /** Resolves when every line has been handed to the stream, or is lost because it takes none. Nothing may be logged after. */
  close(): Promise<void>;
}

/** Logs lines by winston: JSON for machines, or text for people. Lines that the stream refuses are dropped. */
export function createLogger(options: LoggerOptions): OwnedLogger {
  // Its reader may go away, and its disk may be full: lines are lost then, and must not take the program with them. There is
  // nowhere to say it: every line that tells of a lost one would be lost, too.
  const dropLine = (): void => undefined;
  options.stream.on('error', dropLine);
  const winston = createWinston({
    level: options.level,
    format: format.combine(
      format((info) => addContext(info, options.context))(),
      format.timestamp(),
      options.format === 'json' ? format.json() : format.printf(formatPretty),
    ),
    transports: [new transports.Stream({ stream: options.stream })],
  });
  return { logger: wrap(winston), close: () => close(winston, options.stream) };
}

type Info = Parameters<Parameters<typeof format>[0]>[0];

/** Own fields win over those of the call; an error becomes plain data before winston would print it as `{}`. */
function addContext(info: Info, context: RequestContext): Info {
  for (const [name, value] of Object.entries(context.fields())) {
    if (!(name in info)) info[name] = value;
  }
  if (info['err'] !== undefined) info['err'] = serialiseError(info['err']);
  return info;
}

function wrap(winston: Winston): Logger {
  // winston writes `level` and `message` into the object that it is given, and joins a field called `message` to the message.
  const log = (level: LoggerOptions['level'], message: string, fields: LogFields = {}): void => {
    const { level: levelField, message: messageField, ...rest } = fields;
    winston.log({
      ...rest,
      ...(levelField === undefined ? {} : { levelField }),
      ...(messageField === undefined ? {} : { messageField }),
      level,
      message,
    });
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    child: (fields) => wrap(winston.child(fields)),
  };
}

async function close(winston: Winston, stream: NodeJS.WritableStream): Promise<void> {
  // Its readable side has no reader beside the transports, so it never ends.
  const ended = finished(winston, { readable: false });
  winston.end();
  await ended;
  // Lines are in the stream now; an empty write comes back when they have left it, or cannot.
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
