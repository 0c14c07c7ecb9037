import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileRegistry } from '../../src/pools/file-registry.ts';
import { describePoolRegistry } from './pool-registry.ts';

describePoolRegistry('in files', async (clock) => {
  const directory = await mkdtemp('/var/tmp/stowage-registry-');
  const stateDirectory = join(directory, 'state');
  return {
    open: () => createFileRegistry({ stateDirectory, driver: 'hostpath.stowage.dev', clock }),
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  };
});
