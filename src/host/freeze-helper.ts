import { constants, openSync, readFileSync } from 'node:fs';
import { isErrno } from './errno.ts';
import { type FreezeOrder, type FreezeReport, formatReport, parseOrderArguments } from './freeze-protocol.ts';
import { parseMountInfo } from './mountinfo.ts';
import { createLibc } from './syscalls/libc.ts';
import { FIFREEZE, FITHAW } from './syscalls/operations/freeze.ts';

/**
 * Entry of the process that holds one freeze: freezes, says so, and thaws when its standard input ends (the parent is done,
 * or dead), on a signal, or when the time is over.
 */
async function holdFreeze(order: FreezeOrder): Promise<void> {
  // Listening begins before the freeze, so that no end of the parent is missed.
  const released = listenForRelease();
  const libc = createLibc();
  // Open to the end: it cannot come to mean another file system, and keeps this one from being unmounted.
  const fd = openSync(order.mountPoint, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  requireMount(fd, order.majorMinor);
  libc.ioctlValue(fd, FIFREEZE, 0);
  report({ state: 'frozen' });
  const timer = setTimeout(() => released.resolve('expired'), order.maxFrozenMs);
  const cause = await released.promise;
  clearTimeout(timer);
  report({ state: thaw(() => libc.ioctlValue(fd, FITHAW, 0)) ? cause : 'expired' });
}

function listenForRelease() {
  const released = Promise.withResolvers<'thawed' | 'expired'>();
  const release = (): void => released.resolve('thawed');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, release);
  process.stdin.on('end', release).on('error', release).resume();
  // Nobody reads any more: the parent is gone.
  process.stdout.on('error', release);
  return released;
}

/** Throws unless the descriptor is on a mount of this device: the path may have been unmounted meanwhile. */
function requireMount(fd: number, majorMinor: string): void {
  const mountId = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  const found = mounts.find((mount) => mount.mountId === Number(mountId));
  if (found?.majorMinor === majorMinor) return;
  throw new Error(`The file system of device ${majorMinor} is not mounted there any more.`);
}

/** False when it was not frozen any more, since somebody else thawed it. */
function thaw(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (isErrno(error, 'EINVAL')) return false;
    throw error;
  }
}

function report(state: FreezeReport): void {
  process.stdout.write(`${formatReport(state)}\n`);
}

try {
  await holdFreeze(parseOrderArguments(process.argv.slice(2)));
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  report({ state: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
process.stdin.destroy();
