import { createMemoryRegistry } from '../support/memory-registry.ts';
import { describePoolRegistry } from './pool-registry.ts';

describePoolRegistry('in memory', async (clock) => {
  const { open } = createMemoryRegistry(clock);
  return { open, [Symbol.asyncDispose]: async () => undefined };
});
