import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listGroup } from '../support/process-group.ts';
import { createGuestNetwork } from '../support/uml-network.ts';

const SUPPORT = join(import.meta.dirname, '../support');

describe.skipIf(process.env['SKIP_ROOT_TESTS'] === '1')('a network of guests', () => {
  it('has a port for each, and leaves nothing', async () => {
    const network = await createGuestNetwork(2);
    const [first, second] = network.ports;

    await network[Symbol.asyncDispose]();

    expect([first?.tap, second?.tap]).toEqual(['tap0', 'tap1']);
    expect(await listGroup(first?.pid ?? 0)).toEqual([]);
  });

  it('ends with the process that made it, even if that is killed', async () => {
    const program = `import { createGuestNetwork } from '${SUPPORT}/uml-network.ts';
      const network = await createGuestNetwork(1);
      console.log(network.ports[0].pid);`;
    const child = execFile(process.execPath, ['--input-type=module', '--eval', program]);
    const [pid] = (await once(child.stdout ?? child, 'data')) as [string];
    expect(await listGroup(Number(pid))).not.toEqual([]);

    child.kill('SIGKILL');

    await expect.poll(() => listGroup(Number(pid)), { timeout: 10_000 }).toEqual([]);
  });
});
