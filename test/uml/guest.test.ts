import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listGroup } from '../support/process-group.ts';
import { bootGuest, type GuestOptions } from '../support/uml.ts';

const SUPPORT = join(import.meta.dirname, '../support');

describe.skipIf(process.env['SKIP_ROOT_TESTS'] === '1').concurrent('a guest', () => {
  it('runs a command with its environment, and hands back its lines, output and exit code', async () => {
    const lines: string[] = [];
    await using guest = await bootGuest({
      command: ['sh', '-c', 'echo "$WORD" >/dev/ttyS0; uname -r; exit 3'],
      environment: { WORD: "it's 1 $line" },
      onLine: (line) => lines.push(line),
    });

    const result = await guest.finish(60_000);

    expect(result).toMatchObject({ exitCode: 3, output: expect.stringMatching(/^6\.\d+\.\d+/m) });
    expect(lines).toEqual(["it's 1 $line"]);
    expect(await listGroup(guest.pid)).toEqual([]);
  });

  it.each<{
    readonly how: string;
    readonly script: string;
    readonly deadlineMs: number;
    readonly says: RegExp;
  }>([
    {
      how: 'panics',
      script: 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 100',
      deadlineMs: 60_000,
      says: /guest died[^]*Kernel panic/,
    },
    { how: 'hangs', script: 'sleep 100', deadlineMs: 5_000, says: /did not end within 5000 ms/ },
  ])('that $how is an error with the console in it, and leaves nothing', async (row) => {
    const guest = await bootGuest({ command: ['sh', '-c', row.script] });

    await expect(guest.finish(row.deadlineMs)).rejects.toThrow(row.says);
    await guest[Symbol.asyncDispose]();

    expect(await listGroup(guest.pid)).toEqual([]);
    await expect(access(guest.exchange)).rejects.toThrow('ENOENT');
  });

  it('ends with the process that booted it, even if that is killed', async () => {
    const options: GuestOptions = { command: ['sleep', '100'] };
    const program = `import { bootGuest } from '${SUPPORT}/uml.ts';
      const guest = await bootGuest(${JSON.stringify(options)});
      console.log(guest.pid, guest.exchange);`;
    const child = execFile(process.execPath, ['--input-type=module', '--eval', program]);
    const [said] = (await once(child.stdout ?? child, 'data')) as [string];
    const [pid, exchange] = said.trim().split(' ');

    child.kill('SIGKILL');

    await expect.poll(() => listGroup(Number(pid)), { timeout: 10_000 }).toEqual([]);
    await rm(exchange ?? '', { recursive: true });
  });
});
