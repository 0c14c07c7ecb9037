import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from './logger.ts';
import type { RequestContext } from './request-context.ts';
import { createRequestContext } from './request-context.ts';
import type { LoggerOptions } from './winston-logger.ts';
import { createLogger } from './winston-logger.ts';

async function capture(
  use: (logger: Logger, context: RequestContext) => void | Promise<void>,
  options: Partial<Pick<LoggerOptions, 'level' | 'format'>> = {},
): Promise<string> {
  const stream = new PassThrough();
  const context = createRequestContext();
  const output = text(stream);
  const owned = createLogger({ level: 'info', format: 'json', ...options, context, stream });
  await use(owned.logger, context);
  await owned.close();
  stream.end();
  return await output;
}

async function captureJson(
  use: (logger: Logger, context: RequestContext) => void | Promise<void>,
): Promise<readonly Record<string, unknown>[]> {
  const output = await capture(use);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('createLogger', () => {
  it('writes one JSON object per line with time, level, message and fields', async () => {
    const lines = await captureJson((logger) => {
      logger.info('made a volume', { volumeId: 'v1', sizeBytes: 5 });
      logger.debug('not at this level');
    });

    expect(lines).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        level: 'info',
        message: 'made a volume',
        volumeId: 'v1',
        sizeBytes: 5,
      },
    ]);
  });

  it('serialises err with name, code, message, stack and the chain of causes', async () => {
    const error = new DriverError('INTERNAL', 'No luck.', {
      cause: new Error('outer cause', { cause: Object.assign(new Error('disk gone'), { code: 'EIO' }) }),
      details: { pool: 'ssd' },
    });

    const [line] = await captureJson((logger) => logger.error('failed', { err: error }));

    expect(line).toMatchObject({
      message: 'failed',
      err: {
        name: 'DriverError',
        code: 'INTERNAL',
        message: 'No luck.',
        details: { pool: 'ssd' },
        stack: expect.stringContaining('winston-logger.test'),
        cause: { message: 'outer cause', cause: { message: 'disk gone', code: 'EIO' } },
      },
    });
  });

  it('shows no stack of what a user has to mend, nor of what the system said; that of a defect below it stays', async () => {
    const enoent = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' });
    const mendable = (cause: Error): DriverError =>
      new DriverError('POOL_UNAVAILABLE', 'No disk.', { cause });

    const lines = await captureJson((logger) => {
      logger.error('failed', { err: mendable(enoent) });
      logger.error('failed', { err: mendable(new TypeError('x is undefined')) });
    });

    const shown = { name: 'DriverError', code: 'POOL_UNAVAILABLE', message: 'No disk.', details: {} };
    expect(lines).toMatchObject([{ err: { ...shown, cause: { code: 'ENOENT' } } }, { err: shown }]);
    expect(JSON.stringify(lines[0])).not.toContain('"stack"');
    expect(lines[1]).not.toHaveProperty('err.stack');
    expect(lines[1]).toHaveProperty('err.cause.stack');
  });

  it('shows both errors of a failed clean-up', async () => {
    const [line] = await captureJson((logger) =>
      logger.error('failed', {
        err: new SuppressedError(new Error('cleaning up'), new Error('first'), 'both'),
      }),
    );

    expect(line).toMatchObject({
      err: { error: { message: 'cleaning up' }, suppressed: { message: 'first' } },
    });
  });

  it('ends a chain of causes that bites its tail', async () => {
    const error = new Error('snake');
    error.cause = error;

    await expect(captureJson((logger) => logger.error('failed', { err: error }))).resolves.toHaveLength(1);
  });

  it('adds the fields of the call under way, also after an await, and those of the child; own fields win', async () => {
    const [line] = await captureJson(async (logger, context) => {
      await context.run({ requestId: 'r1', method: 'CreateVolume', volumeId: 'from call' }, async () => {
        await Promise.resolve();
        logger.child({ component: 'filestore' }).info('made', { volumeId: 'own' });
      });
    });

    expect(line).toMatchObject({
      requestId: 'r1',
      method: 'CreateVolume',
      component: 'filestore',
      volumeId: 'own',
    });
  });

  it('keeps the message when a field is called message or level', async () => {
    const [line] = await captureJson((logger) => logger.info('static', { message: 'field', level: 'x' }));

    expect(line).toMatchObject({ message: 'static', messageField: 'field', level: 'info', levelField: 'x' });
  });

  it('writes text for people, with the stack below the line', async () => {
    const output = await capture(
      (logger) => logger.warn('pool is full', { pool: 'a b', err: new Error('why') }),
      {
        format: 'pretty',
      },
    );

    expect(output).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}pool is full pool="a b"\n {2}error: Error: why\n {6}at /,
    );
  });

  it('drops lines that its stream refuses, and ends nevertheless', async () => {
    const attempts: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        attempts.push(chunk.toString());
        done(Object.assign(new Error('nobody reads it'), { code: 'EPIPE' }));
      },
    });
    const context = createRequestContext();
    const owned = createLogger({ level: 'info', format: 'json', context, stream });

    owned.logger.info('lost');
    owned.logger.info('lost, too');
    await owned.close();

    expect(attempts.join('')).toContain('lost');
  });

  it('has handed over every line when it is closed', async () => {
    const lines = await captureJson((logger) => {
      for (let index = 0; index < 2000; index++) logger.info('line', { index });
    });

    expect(lines).toHaveLength(2000);
  });
});
