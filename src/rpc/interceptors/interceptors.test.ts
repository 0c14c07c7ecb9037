import { describe, expect, it } from 'vitest';
import { DriverError } from '../../domain/errors.ts';
import type { LogFields, Logger } from '../../observability/logger.ts';
import { createRequestContext } from '../../observability/request-context.ts';
import type { Interceptor } from '../interceptor.ts';
import { createGate, startTestServer, whenAborted } from '../server.fixture.ts';
import { createLoggingInterceptor } from './logging.ts';
import { createMetricsInterceptor } from './metrics.ts';
import { createRequestContextInterceptor } from './request-context.ts';
import { createValidationInterceptor } from './validation.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

function createFakeLogger(lines: Line[], context = createRequestContext()): Logger {
  const log = (level: string) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields: { ...context.fields(), ...fields } });
  };
  const logger: Logger = {
    error: log('error'),
    warn: log('warn'),
    info: log('info'),
    debug: log('debug'),
    child: () => logger,
  };
  return logger;
}

describe('the onion', () => {
  it('has its first interceptor outermost, for answers and for errors', async () => {
    const actions: string[] = [];
    const layer =
      (name: string): Interceptor =>
      async (call, next) => {
        actions.push(`${name} begins`);
        try {
          return await next(call);
        } finally {
          actions.push(`${name} ends`);
        }
      };
    await using test = await startTestServer(
      {
        identity: {
          Probe: async () => {
            actions.push('handler');
            return {};
          },
        },
      },
      { interceptors: [layer('first'), layer('second'), layer('third')] },
    );
    const whole = [
      'first begins',
      'second begins',
      'third begins',
      'handler',
      'third ends',
      'second ends',
      'first ends',
    ];

    await test.identity.Probe({});
    expect(actions.splice(0)).toEqual(whole);

    await test.identity.GetPluginInfo({}).catch(() => undefined);
    expect(actions).toEqual(whole.filter((action) => action !== 'handler'));
  });

  it('answers INTERNAL when an interceptor fails', async () => {
    await using test = await startTestServer(
      { identity: { Probe: async () => ({}) } },
      { interceptors: [() => Promise.reject(new Error('inner workings'))] },
    );

    await expect(test.identity.Probe({})).rejects.toMatchObject({ details: { status: 'INTERNAL' } });
  });
});

describe('request context', () => {
  it('puts id, driver, method and subject into every line that is logged on the way', async () => {
    const context = createRequestContext();
    const lines: Line[] = [];
    const logger = createFakeLogger(lines, context);
    await using test = await startTestServer(
      {
        controller: {
          DeleteVolume: async () => {
            await Promise.resolve();
            logger.info('removed');
            return {};
          },
        },
      },
      {
        interceptors: [
          createRequestContextInterceptor({
            context,
            createId: () => 'r1',
            subjectFields: ['volumeId', 'name'],
          }),
        ],
      },
    );

    await test.controller.DeleteVolume({ volumeId: 'v1', secrets: { key: 'hunter2' } });

    expect(lines).toEqual([
      {
        level: 'info',
        message: 'removed',
        fields: { requestId: 'r1', driver: 'test.stowage.dev', method: 'DeleteVolume', volumeId: 'v1' },
      },
    ]);
  });
});

describe('metrics', () => {
  it('count what started and how it ended, cancelled calls included', async () => {
    const seen: string[] = [];
    const ended = Promise.withResolvers<void>();
    const gate = createGate();
    await using test = await startTestServer(
      {
        identity: {
          Probe: async () => ({}),
          GetPluginInfo: async (_request, { signal }) => {
            void gate.pass();
            throw await whenAborted(signal);
          },
        },
      },
      {
        interceptors: [
          createMetricsInterceptor({
            started: ({ driver, service, method }) => seen.push(`started ${driver} ${service}/${method}`),
            handled: ({ method }, code, seconds) => {
              seen.push(`${method} ${code} ${seconds >= 0 && seconds < 10}`);
              if (code === 'CANCELLED') ended.resolve();
            },
          }),
        ],
      },
    );
    const caller = new AbortController();

    await test.identity.Probe({});
    await test.identity.GetPluginCapabilities({}).catch(() => undefined);
    const cancelled = test.identity.GetPluginInfo({}, { signal: caller.signal }).catch(() => undefined);
    await gate.entered;
    caller.abort();
    await cancelled;
    await ended.promise;

    expect(seen).toEqual([
      'started test.stowage.dev csi.v1.Identity/Probe',
      'Probe OK true',
      'started test.stowage.dev csi.v1.Identity/GetPluginCapabilities',
      'GetPluginCapabilities UNIMPLEMENTED true',
      'started test.stowage.dev csi.v1.Identity/GetPluginInfo',
      'GetPluginInfo CANCELLED true',
    ]);
  });
});

describe('logging', () => {
  async function logOf(CreateVolume: () => Promise<object>): Promise<readonly Line[]> {
    const lines: Line[] = [];
    await using test = await startTestServer(
      { controller: { CreateVolume }, identity: { Probe: async () => ({}) } },
      {
        interceptors: [
          createLoggingInterceptor({ logger: createFakeLogger(lines), quietMethods: new Set(['Probe']) }),
        ],
      },
    );
    await test.controller
      .CreateVolume({ name: 'pvc-1', parameters: { pool: 'ssd' }, secrets: { password: 'hunter2' } })
      .catch(() => undefined);
    await test.identity.Probe({});
    return lines;
  }

  it('has one line per call, without secrets; what is asked all the time is at debug', async () => {
    const lines = await logOf(async () => ({}));

    expect(lines).toEqual([
      {
        level: 'info',
        message: 'request finished',
        fields: {
          code: 'OK',
          durationMs: expect.any(Number),
          request: { name: 'pvc-1', parameters: { pool: 'ssd' } },
        },
      },
      {
        level: 'debug',
        message: 'request finished',
        fields: { code: 'OK', durationMs: expect.any(Number), request: {} },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it.each([
    ['error', new Error('inner workings'), 'INTERNAL'],
    ['error', new DriverError('INTERNAL', 'x'), 'INTERNAL'],
    ['warn', new DriverError('POOL_UNAVAILABLE', 'x'), 'UNAVAILABLE'],
    ['warn', new DriverError('NO_ROOM', 'x'), 'RESOURCE_EXHAUSTED'],
    ['info', new DriverError('INVALID_ARGUMENT', 'x'), 'INVALID_ARGUMENT'],
    ['info', new DriverError('OPERATION_PENDING', 'x'), 'ABORTED'],
  ])('is at %s for %s', async (level, error, code) => {
    const [line] = await logOf(() => Promise.reject(error));

    expect(line).toMatchObject({ level, message: 'request finished', fields: { code } });
    expect(level === 'info' ? line?.fields['reason'] : line?.fields['err']).toBe(
      level === 'info' ? 'x' : error,
    );
  });
});

describe('validation', () => {
  const rules = {
    DeleteVolume: [
      (request: { readonly volumeId: string }) =>
        request.volumeId === '' ? 'volume_id is missing.' : undefined,
    ],
    ListVolumes: [
      () => {
        throw new DriverError('TOKEN_UNKNOWN', 'No such token.');
      },
    ],
    GetCapacity: [() => 'would object'],
  };

  it('refuses with the sentence of the first rule that objects; what is not offered stays UNIMPLEMENTED', async () => {
    let deleted = 0;
    await using test = await startTestServer(
      {
        controller: {
          DeleteVolume: async () => {
            deleted++;
            return {};
          },
          ListVolumes: async () => ({}),
        },
      },
      { interceptors: [createValidationInterceptor(rules)] },
    );

    await expect(test.controller.DeleteVolume({})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'volume_id is missing.',
    });
    expect(deleted).toBe(0);
    await expect(test.controller.DeleteVolume({ volumeId: 'v' })).resolves.toEqual({});
    await expect(test.controller.ListVolumes({})).rejects.toMatchObject({ message: 'No such token.' });
    await expect(test.controller.GetCapacity({})).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
