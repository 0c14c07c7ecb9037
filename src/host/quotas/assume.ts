import { createCandidate, isUnavailable, MAGIC, type PoolQuotas } from './candidates.ts';
import type { QuotaDeps } from './deps.ts';
import { createPlainQuota } from './plain.ts';
import type { QuotaName } from './quota.ts';

/** Any project: whether the kernel answers at all is what counts. */
const SOME_PROJECT = 1;

/** What a pool can do by what its file system says, without writing anything: for a pool that is full. */
export async function assumeQuotas(
  deps: QuotaDeps,
  directory: string,
  signal: AbortSignal,
): Promise<PoolQuotas> {
  const { type } = await deps.syscalls.statfs({ path: directory }, signal);
  const copying = type === MAGIC.ext ? 'plain' : 'reflink';
  const plain = createPlainQuota(deps, { copying });
  const kind = createCandidate(deps, type, copying);
  if (kind === undefined || !(await hasAccounting(deps, { directory, quota: kind.name }, signal))) {
    return { best: plain, plain };
  }
  return { best: kind, plain };
}

async function hasAccounting(
  { syscalls }: QuotaDeps,
  { directory: path, quota }: { readonly directory: string; readonly quota: QuotaName },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (quota === 'qgroup') await syscalls.getQgroup({ path }, signal);
    else await syscalls.getProjectQuota({ path, projectId: SOME_PROJECT }, signal);
    return true;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}
