import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomId } from '../../base/ids.ts';
import { isDriverError } from '../../domain/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { isErrno } from '../errno.ts';
import type { QuotaDeps } from './deps.ts';
import { assumeQuotas } from './assume.ts';
import { createCandidate, isUnavailable, type PoolQuotas } from './candidates.ts';
import { createPlainQuota } from './plain.ts';
import type { QuotaKind } from './quota.ts';

export interface ProbeQuotaDeps extends QuotaDeps {
  readonly logger: Logger;
  /** Name of the directory that the trial makes. Default: one that says what it is. */
  readonly trialName?: string;
}

const TRIAL_LIMIT_BYTES = 2 * 1024 * 1024;
const TRIAL_FILE_BYTES = 4 * 1024 * 1024;
/** Called as a volume's tree is: whoever sweeps the directory of a trial that was killed finds its quota by that. */
const LIMITED_TREE = 'data';
/** What the trials take, and some more. */
const ROOM_BYTES = 64 * 1024 * 1024;
const CLEANUP_DEADLINE_MS = 60_000;
/** A second for some 100,000 files. */
const SCAN_DEADLINE_MS = 20_000;
const SCAN_POLL_MS = 50;

/**
 * Finds by trying which quota works in the file system that holds `directory`, an existing directory for scratch work: makes a
 * limited tree there, reads the limit back, and writes more than it allows. Switches btrfs quotas on. In a pool that is too full for that,
 * what its quotas say counts, so that a full pool can still be opened and emptied. Leaves nothing behind unless it is killed.
 * Throws PRECONDITION_FAILED (DriverError) when what it needs is not installed.
 */
export async function probeQuotas(
  deps: ProbeQuotaDeps,
  directory: string,
  signal: AbortSignal,
): Promise<PoolQuotas> {
  const { availableBytes } = await deps.syscalls.statfs({ path: directory }, signal);
  if (availableBytes >= ROOM_BYTES) {
    try {
      return await tryQuotas(deps, directory, signal);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }
  deps.logger.warn('The pool is too full to try its quotas: what they say is taken for true', { directory });
  return await assumeQuotas(deps, directory, signal);
}

/**
 * Plain trees, for a pool in which nothing is to be limited: only whether files can share blocks is tried, which takes one small copy. Leaves nothing behind unless
 * it is killed. Throws PRECONDITION_FAILED (DriverError) when what it needs is not installed.
 */
export async function probePlainQuota(
  deps: ProbeQuotaDeps,
  directory: string,
  signal: AbortSignal,
): Promise<QuotaKind> {
  const trial = join(directory, deps.trialName ?? `quota-trial-${randomId(8)}`);
  await mkdir(trial, 0o700);
  try {
    return createPlainQuota(deps, { copying: await probeCopying(deps, trial, signal) });
  } catch (error) {
    // Blocks are still shared where that works: only nobody is told.
    if (isFull(error)) return createPlainQuota(deps, { copying: 'plain' });
    throw error;
  } finally {
    await removeTrial(deps, trial);
  }
}

async function tryQuotas(deps: ProbeQuotaDeps, directory: string, signal: AbortSignal): Promise<PoolQuotas> {
  const trial = join(directory, deps.trialName ?? `quota-trial-${randomId(8)}`);
  await mkdir(trial, 0o700);
  try {
    const copying = await probeCopying(deps, trial, signal);
    const plain = createPlainQuota(deps, { copying });
    const limited = await findLimited(deps, { trial, copying }, signal);
    return { best: limited ?? plain, plain };
  } finally {
    await removeTrial(deps, trial);
  }
}

type Trial = { readonly trial: string; readonly copying: 'reflink' | 'plain' };

async function findLimited(
  deps: ProbeQuotaDeps,
  { trial, copying }: Trial,
  signal: AbortSignal,
): Promise<QuotaKind | undefined> {
  const { type } = await deps.syscalls.statfs({ path: trial }, signal);
  const kind = createCandidate(deps, type, copying);
  if (kind === undefined) return undefined;
  try {
    if (kind.name === 'qgroup') {
      await deps.syscalls.enableBtrfsQuota({ path: trial }, signal);
      if (!(await isScanOver(deps, trial, signal))) return kind;
    }
    return (await isLimiting(deps, { kind, trial }, signal)) ? kind : undefined;
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    deps.logger.info('This file system has no quotas for trees', { trial, quota: kind.name, reason });
    return undefined;
  }
}

/**
 * Waits until btrfs has counted what it holds. Limits do not hold before that, so that a trial would say that there are none. False when it takes too long for
 * a start: what the quotas say then counts, as in a full pool.
 */
async function isScanOver(
  { syscalls, logger }: ProbeQuotaDeps,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const giveUpAt = performance.now() + SCAN_DEADLINE_MS;
  while (await syscalls.rescanLostQgroups({ path }, signal)) {
    if (performance.now() > giveUpAt) {
      logger.warn(
        'btrfs still counts what this file system holds: sizes are not enforced in it before that is over',
        { path },
      );
      return false;
    }
    await sleep(SCAN_POLL_MS, undefined, { signal });
  }
  return true;
}

/** Whether a tree with a limit refuses more than that. */
async function isLimiting(
  deps: ProbeQuotaDeps,
  { kind, trial }: { readonly kind: QuotaKind; readonly trial: string },
  signal: AbortSignal,
): Promise<boolean> {
  const path = join(trial, LIMITED_TREE);
  const handle = await kind.createTree({ path, limitBytes: TRIAL_LIMIT_BYTES }, signal);
  const isRefused = kind.isHard ? await isWriteRefused(path) : await isCopyRefused(deps, trial, signal);
  await kind.removeTree({ path, handle }, signal);
  if (!isRefused)
    deps.logger.warn('Quotas can be set here but do not limit anything', { quota: kind.name, trial });
  return isRefused;
}

async function isWriteRefused(path: string): Promise<boolean> {
  try {
    await writeFile(join(path, 'too-large'), Buffer.alloc(TRIAL_FILE_BYTES, 1), { flush: true });
    return false;
  } catch (error) {
    if (isErrno(error, 'ENOSPC', 'EDQUOT')) return true;
    throw error;
  }
}

/** ext4's quota does not bind this process when it has CAP_SYS_RESOURCE; the child that copies never has it. */
async function isCopyRefused(deps: QuotaDeps, trial: string, signal: AbortSignal): Promise<boolean> {
  const source = join(trial, 'source');
  await mkdir(source);
  await writeFile(join(source, 'too-large'), Buffer.alloc(TRIAL_FILE_BYTES, 1), { flush: true });
  try {
    await deps.trees.copy({ source, target: join(trial, LIMITED_TREE), reflink: 'auto' }, signal);
    return false;
  } catch (error) {
    if (isDriverError(error, 'NO_ROOM')) return true;
    throw error;
  }
}

/** Whether files can share blocks here, tried in the same way as trees are copied later. */
async function probeCopying(
  { trees }: QuotaDeps,
  trial: string,
  signal: AbortSignal,
): Promise<'reflink' | 'plain'> {
  const [source, target] = [join(trial, 'from'), join(trial, 'to')];
  await mkdir(source);
  await mkdir(target);
  await writeFile(join(source, 'file'), Buffer.alloc(64 * 1024, 1), { flush: true });
  try {
    await trees.copy({ source, target, reflink: 'always' }, signal);
    return 'reflink';
  } catch (error) {
    if (isDriverError(error, 'PRECONDITION_FAILED') && error.details['exitCode'] !== undefined)
      return 'plain';
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return isErrno(error, 'ENOSPC', 'EDQUOT') || isDriverError(error, 'NO_ROOM');
}

/** Has a deadline of its own: it also runs after the caller has left. */
async function removeTrial(deps: QuotaDeps, trial: string): Promise<void> {
  const plain = createPlainQuota(deps, { copying: 'plain' });
  await plain.removeTree(
    { path: trial, handle: { quota: 'none' } },
    AbortSignal.timeout(CLEANUP_DEADLINE_MS),
  );
}
