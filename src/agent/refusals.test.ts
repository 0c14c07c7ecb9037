import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type LogFields, silentLogger } from '../observability/logger.ts';
import { createRefusals } from './refusals.ts';

function createScene() {
  const clock = new FakeClock();
  const lines: LogFields[] = [];
  const counted: string[] = [];
  const refusals = createRefusals({
    clock,
    metrics: { refused: (reason) => void counted.push(reason) },
    logger: { ...silentLogger, warn: (_message, fields = {}) => void lines.push(fields) },
  });
  return { clock, lines, counted, refusals };
}

const stranger = { reason: 'untrusted', detail: 'SELF_SIGNED', remoteAddress: '10.0.0.9' } as const;

describe('refusals', () => {
  it('are counted each, and logged once a minute for each kind and address', () => {
    const { clock, lines, counted, refusals } = createScene();

    for (let count = 0; count < 5; count += 1) refusals.noteConnection(stranger);
    refusals.noteConnection({ ...stranger, remoteAddress: '10.0.0.8' });
    refusals.noteCall('agent.stowage.internal', 'CreateVolume');
    clock.advance(60_000);
    refusals.noteConnection(stranger);

    expect(counted).toHaveLength(8);
    expect(lines).toEqual([
      { reason: 'untrusted', who: '10.0.0.9', detail: 'SELF_SIGNED', unlogged: 0 },
      { reason: 'untrusted', who: '10.0.0.8', detail: 'SELF_SIGNED', unlogged: 0 },
      { reason: 'not-allowed', who: 'agent.stowage.internal', detail: 'CreateVolume', unlogged: 0 },
      { reason: 'untrusted', who: '10.0.0.9', detail: 'SELF_SIGNED', unlogged: 4 },
    ]);
  });

  it('of very many addresses fill no memory without bound', () => {
    const { counted, refusals } = createScene();

    for (let index = 0; index < 5_000; index += 1) {
      refusals.noteConnection({ ...stranger, remoteAddress: `2001:db8::${index.toString(16)}` });
    }

    expect(counted).toHaveLength(5_000);
  });
});
