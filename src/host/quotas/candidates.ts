import { isDriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { QuotaDeps } from './deps.ts';
import { createProjectQuota } from './project.ts';
import { createQgroupQuota } from './qgroup.ts';
import type { QuotaKind } from './quota.ts';

/** The ways in which trees can be kept in one pool. */
export interface PoolQuotas {
  /** The best that works here; the plain one where nothing can be limited. */
  readonly best: QuotaKind;
  /** For volumes that are to have no limit. */
  readonly plain: QuotaKind;
}

/** Magic numbers of file systems, as statfs(2) tells them. ext2 and ext3 share ext4's. */
export const MAGIC = { xfs: 0x5846_5342, ext: 0xef53, btrfs: 0x9123_683e } as const;

/** The kind of quota that a file system may have; undefined for those that have none for trees. A new kind is a line here. */
export function createCandidate(
  deps: QuotaDeps,
  type: number,
  copying: 'reflink' | 'plain',
): QuotaKind | undefined {
  if (type === MAGIC.btrfs) return createQgroupQuota(deps);
  if (type === MAGIC.xfs) return createProjectQuota(deps, { isHard: true, copying });
  if (type === MAGIC.ext) return createProjectQuota(deps, { isHard: false, copying });
  return undefined;
}

/** Whether an error is the answer of a file system or kernel that has no such quota, or has it switched off. */
export function isUnavailable(error: unknown): boolean {
  return (
    isErrno(error, 'ENOENT', 'ESRCH', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOTTY', 'EINVAL', 'ENODEV') ||
    isDriverError(error, 'PRECONDITION_FAILED')
  );
}
