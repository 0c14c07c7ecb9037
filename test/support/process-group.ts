import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs a program as the leader of a process group of its own (its pid is the group's id), with stdin from /dev/null. A watcher in the group
 * kills all of it when this process ends in whatever way, so nothing outlives a killed test run. Extra stdio: fd 3 belongs to the
 * watcher, fd 4 is a socket (`child.stdio[4]`) for the program.
 */
export function spawnGroup(argv: readonly string[]): ChildProcess {
  const script = '{ read -r _ <&3; kill -KILL 0; } & exec "$@" </dev/null 3<&-';
  return spawn('/bin/sh', ['-c', script, 'sh', ...argv], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
}

/** Kills every process of the group and returns once none is left (zombies aside). A group that is gone is fine. Throws after five seconds. */
export async function killGroup(groupId: number): Promise<void> {
  for (let tries = 0; tries < 250; tries += 1) {
    const left = await listGroup(groupId);
    if (left.length === 0) return;
    for (const pid of left) killProcess(pid);
    await sleep(20);
  }
  throw new Error(`Processes of group ${groupId} do not die: ${(await listGroup(groupId)).join(', ')}.`);
}

/** Pids of the processes in a group that are not zombies. */
export async function listGroup(groupId: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => [pid, await findGroupId(pid)] as const));
  return found.filter(([, group]) => group === groupId).map(([pid]) => Number(pid));
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The group of a process; undefined when it is gone or a zombie. */
async function findGroupId(pid: string): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name in parentheses, may hold anything.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(group);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return undefined;
    }
    throw error;
  }
}
