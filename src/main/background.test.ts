import { describe, expect, it } from 'vitest';
import { silentLogger } from '../observability/logger.ts';
import { Background } from './background.ts';

describe('work in the background', () => {
  it('is aborted and waited for', async () => {
    const ended: string[] = [];
    const background = new Background(silentLogger);
    background.run('…', async (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      await Promise.resolve();
      ended.push('work');
    });

    await background.close();

    expect(ended).toEqual(['work']);
  });

  it('says in the log when it fails, unless it is told to stop', async () => {
    const said: string[] = [];
    const background = new Background({ ...silentLogger, error: (message) => said.push(message) });

    background.run('The first thing is not done any more', async () => {
      await Promise.resolve();
      throw new Error('no');
    });
    background.run('The second thing is not done any more', async (signal) => {
      const { promise, reject } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      await promise;
    });
    await new Promise((resolve) => setImmediate(resolve));
    await background.close();

    expect(said).toEqual(['The first thing is not done any more']);
  });
});
