import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { Qgroup } from '../syscalls/syscalls.ts';
import type { QuotaDeps } from './deps.ts';
import { assertFits, assertLimit, dressRoot, isSameLimit } from './limits.ts';
import type { QuotaKind, TreeHandle } from './quota.ts';
import { assertNoneNested, describeNested, listNested, removeWithSubvolumes } from './subvolumes.ts';

const HANDLE: TreeHandle = { quota: 'qgroup' };

/** btrfs: each tree is a subvolume, limited by its quota group (max_rfer); copies are snapshots, instant and independent. */
export function createQgroupQuota({ syscalls, trees }: QuotaDeps): QuotaKind {
  const kind: QuotaKind = {
    name: 'qgroup',
    isHard: true,
    copying: 'instant',
    async createTree({ path, limitBytes, readOnly = false }, signal) {
      await syscalls.createSubvolume({ path }, signal);
      await dressRoot(path);
      await kind.setLimit({ path, handle: HANDLE, limitBytes }, signal);
      if (readOnly) await syscalls.setSubvolumeReadOnly({ path, readOnly }, signal);
      return HANDLE;
    },
    async copyTree({ source, path, limitBytes, readOnly = false }, signal) {
      await assertNoneNested(syscalls, source, signal);
      if (limitBytes !== undefined) {
        assertFits(source, (await getGroup(source, signal)).referencedBytes, limitBytes);
      }
      await syscalls.snapshotSubvolume({ source, target: path, readOnly }, signal);
      // One that was made between the first look and the cut is missing in the copy.
      await assertNoneNested(syscalls, source, signal);
      await kind.setLimit({ path, handle: HANDLE, limitBytes }, signal);
      return HANDLE;
    },
    async removeTree({ path }, signal) {
      await removeWithSubvolumes({ syscalls, trees }, path, signal);
    },
    async setLimit({ path, limitBytes }, signal) {
      await syscalls.setQgroupLimit({ path, limitBytes }, signal);
      assertLimit(path, limitBytes, (await getGroup(path, signal)).limitBytes);
    },
    async getUsage({ path }, signal) {
      const { referencedBytes, exclusiveBytes } = await getGroup(path, signal);
      return { usedBytes: referencedBytes, exclusiveBytes, usedInodes: undefined };
    },
    async verify({ path, handle, limitBytes }, signal) {
      const found: string[] = [];
      const nested = await listNested(syscalls, path, signal);
      if (nested.length > 0) {
        found.push(
          `The tree ${path} has ${nested.length} btrfs subvolumes of its own (${describeNested(nested)}), which its quota does not count.`,
        );
      }
      if (await syscalls.rescanLostQgroups({ path }, signal)) {
        found.push(
          `btrfs counts anew what the file system of ${path} holds; sizes do not hold before that is over.`,
        );
      }
      const { limitBytes: actual } = await getGroup(path, signal);
      if (!isSameLimit(limitBytes, actual)) {
        await kind.setLimit({ path, handle, limitBytes }, signal);
        found.push(
          `The quota of ${path} was ${actual ?? 'missing'}; it is ${limitBytes ?? 'without a limit'} again.`,
        );
      }
      return found;
    },
  };

  async function getGroup(path: string, signal: AbortSignal): Promise<Qgroup> {
    try {
      return await syscalls.getQgroup({ path }, signal);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      throw new DriverError(
        'PRECONDITION_FAILED',
        `The btrfs subvolume ${path} has no quota group. Switch quotas on with "btrfs quota enable" on the pool's file system, and restart the driver.`,
        { cause: error },
      );
    }
  }

  return kind;
}
