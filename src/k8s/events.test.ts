import { describe, expect, it } from 'vitest';
import type { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../observability/logger.ts';
import type { ObjectEvent } from './events.ts';
import { createEventRecorder } from './events.ts';

const CLAIM: ObjectEvent = {
  about: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'apps', name: 'data', uid: 'u1' },
  type: 'Warning',
  reason: 'PoolAlmostFull',
  message: 'The pool ssd on node-a has 3 GiB left.',
};

async function start() {
  const api = await startFakeApi();
  const client = api.createClient();
  const clock = new FakeClock();
  const warnings: string[] = [];
  const recorder = createEventRecorder({
    client,
    component: 'hostpath.stowage.dev',
    clock,
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
    signal: new AbortController().signal,
  });
  return {
    api,
    clock,
    recorder,
    warnings,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await api.close();
    },
  };
}

function listEvents(api: FakeApiServer, namespace = 'apps') {
  return api.store.list(`/api/v1/namespaces/${namespace}/events`);
}

describe('an Event', () => {
  it('tells who says what about what', async () => {
    await using started = await start();

    started.recorder.record(CLAIM);
    await started.recorder.flush();

    const [event] = listEvents(started.api);
    expect(event).toMatchObject({
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: CLAIM.about,
      type: 'Warning',
      reason: 'PoolAlmostFull',
      message: CLAIM.message,
      source: { component: 'hostpath.stowage.dev' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
    });
    expect(event?.metadata.name).toMatch(/^data\.[a-z2-7]{10}$/);
  });

  it('about what has no namespace is in the default one', async () => {
    await using started = await start();
    const about = { apiVersion: 'stowage.dev/v1alpha1', kind: 'Pool', name: 'abcdefgh' };

    started.recorder.record({ ...CLAIM, about });
    await started.recorder.flush();

    expect(listEvents(started.api, 'default')).toHaveLength(1);
  });

  it('that is told again is counted up, at most once a minute', async () => {
    await using started = await start();
    const { recorder, clock, api } = started;
    for (let count = 0; count < 10; count += 1) recorder.record(CLAIM);
    await recorder.flush();
    expect(api.requests).toHaveLength(1);

    clock.advance(60_000);
    recorder.record(CLAIM);
    await recorder.flush();

    expect(listEvents(api)).toHaveLength(1);
    expect(listEvents(api)[0]).toMatchObject({ count: 11, lastTimestamp: '2026-01-01T00:01:00Z' });
  });

  it('is a new one when the last one is old', async () => {
    await using started = await start();
    started.recorder.record(CLAIM);
    started.clock.advance(600_000);

    started.recorder.record(CLAIM);
    await started.recorder.flush();

    expect(listEvents(started.api)).toHaveLength(2);
  });

  it('is dropped when there are too many, and told again later', async () => {
    await using started = await start();
    const { recorder, clock, api } = started;
    const tell = (number: number): void => recorder.record({ ...CLAIM, message: `number ${number}` });

    for (let number = 0; number < 100; number += 1) tell(number);
    await recorder.flush();
    expect(listEvents(api)).toHaveLength(25);
    clock.advance(60_000);
    for (let number = 100; number < 200; number += 1) tell(number);
    await recorder.flush();

    expect(listEvents(api)).toHaveLength(30);
  });

  it('is dropped when there are too many, also when the clock has been set back', async () => {
    await using started = await start();
    const { recorder, clock, api } = started;
    clock.set(-3_600_000);

    for (let number = 0; number < 100; number += 1)
      recorder.record({ ...CLAIM, message: `number ${number}` });
    await recorder.flush();

    expect(listEvents(api)).toHaveLength(25);
    expect(listEvents(api)[0]).toMatchObject({ lastTimestamp: '2025-12-31T23:00:00Z' });
  });

  it('that cannot be told is lost, in words, and keeps no other one back', async () => {
    await using started = await start();
    started.api.fail({ status: 500 });

    started.recorder.record(CLAIM);
    started.recorder.record({ ...CLAIM, message: 'another one' });
    await started.recorder.flush();

    expect(started.warnings).toEqual(['An Event could not be told']);
    expect(listEvents(started.api)).toHaveLength(1);
  });
});
