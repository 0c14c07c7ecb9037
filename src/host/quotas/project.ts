import { randomInt } from 'node:crypto';
import { dirname } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { QuotaDeps } from './deps.ts';
import { assertAdoptable, assertFits, assertLimit, isSameLimit, makeRoot } from './limits.ts';
import type { QuotaKind, TreeHandle } from './quota.ts';

/** Above what people give out by hand, below where signed 32-bit numbers end. */
const FIRST_ID = 0x2000_0000;
const LAST_ID = 0x7fff_fffe;
const ATTEMPTS = 16;

export interface ProjectQuotaOptions {
  /** xfs binds root too; ext4 does not bind a process with CAP_SYS_RESOURCE. */
  readonly isHard: boolean;
  readonly copying: 'reflink' | 'plain';
}

/**
 * Project quota of xfs and ext4: each tree has a project id of its own, which all that is made in it inherits and is charged to. Read-only
 * trees are the business of their mounts: there is nothing here that makes one. The owner of a file can change its project id.
 */
export function createProjectQuota({ syscalls, trees }: QuotaDeps, options: ProjectQuotaOptions): QuotaKind {
  const kind: QuotaKind = {
    name: 'project',
    isHard: options.isHard,
    copying: options.copying,
    async createTree({ path, limitBytes }, signal) {
      await makeRoot(path);
      const projectId = await claimProject(path, signal);
      const handle: TreeHandle = { quota: 'project', projectId };
      await kind.setLimit({ path, handle, limitBytes }, signal);
      return handle;
    },
    async copyTree({ source, ...tree }, signal) {
      if (tree.limitBytes !== undefined) assertFits(source, await measure(source, signal), tree.limitBytes);
      const handle = await kind.createTree(tree, signal);
      const reflink = options.copying === 'reflink' ? 'always' : 'auto';
      await trees.copy({ source, target: tree.path, reflink }, signal);
      return handle;
    },
    async removeTree({ path, handle }, signal) {
      await trees.remove(path, signal);
      if (handle.projectId === undefined) return;
      // The tree is gone, so its file system is asked by way of the parent.
      const quota = { path: dirname(path), projectId: handle.projectId };
      await syscalls.setProjectQuota({ ...quota, limitBytes: 0 }, signal);
    },
    async setLimit({ path, handle, limitBytes }, signal) {
      const quota = { path, projectId: getProjectId(path, handle) };
      await syscalls.setProjectQuota({ ...quota, limitBytes: limitBytes ?? 0 }, signal);
      assertLimit(path, limitBytes, (await syscalls.getProjectQuota(quota, signal)).limitBytes);
    },
    async getUsage({ path, handle }, signal) {
      const quota = { path, projectId: getProjectId(path, handle) };
      const { usedBytes, usedInodes } = await syscalls.getProjectQuota(quota, signal);
      return { usedBytes, usedInodes };
    },
    async verify({ path, handle, limitBytes }, signal) {
      const projectId = getProjectId(path, handle);
      const found: string[] = [];
      const now = await syscalls.getProject({ path }, signal);
      if (now.projectId !== projectId || !now.inherit) {
        await syscalls.setProject({ path, projectId, inherit: true }, signal);
        found.push(
          `The root of ${path} had project id ${now.projectId}${now.inherit ? '' : ' without inheritance'}; it has ${projectId} again. What was written meanwhile was not counted.`,
        );
      }
      const quota = await syscalls.getProjectQuota({ path, projectId }, signal);
      if (!isSameLimit(limitBytes, quota.limitBytes)) {
        await kind.setLimit({ path, handle, limitBytes }, signal);
        found.push(
          `The quota of ${path} was ${quota.limitBytes} bytes; it is ${limitBytes ?? 'without a limit'} again.`,
        );
      }
      return found;
    },
    adoption: {
      async adoptTree({ path, limitBytes }, signal) {
        const before = await syscalls.getProject({ path }, signal);
        const projectId = await claimProject(path, signal);
        await trees.assignProject({ path, projectId, inherit: true }, signal);
        const handle: TreeHandle = { quota: 'project', projectId };
        assertAdoptable(path, (await kind.getUsage({ path, handle }, signal)).usedBytes, limitBytes);
        await kind.setLimit({ path, handle, limitBytes }, signal);
        await dropUnused(path, before.projectId, signal);
        return handle;
      },
      async releaseTree({ path, parent }, signal) {
        const { projectId } = await syscalls.getProject({ path }, signal);
        const home = await syscalls.getProject({ path: parent }, signal);
        const inherited = home.inherit ? home : { projectId: 0, inherit: false };
        await trees.assignProject({ path, ...inherited }, signal);
        await dropUnused(path, projectId, signal);
      },
    },
  };

  /** Takes the limit from a project that an attempt which was cut short left behind. One that somebody else uses has inodes. */
  async function dropUnused(path: string, projectId: number, signal: AbortSignal): Promise<void> {
    if (projectId < FIRST_ID || projectId > LAST_ID) return;
    const { usedInodes, limitBytes } = await syscalls.getProjectQuota({ path, projectId }, signal);
    if (usedInodes === 0 && limitBytes > 0)
      await syscalls.setProjectQuota({ path, projectId, limitBytes: 0 }, signal);
  }

  /** Gives the empty tree an id that nothing else is charged to. Two that pick one at once both see two inodes, and pick again. */
  async function claimProject(path: string, signal: AbortSignal): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const projectId = randomInt(FIRST_ID, LAST_ID);
      if (!(await isUnused(path, projectId, signal))) continue;
      await syscalls.setProject({ path, projectId, inherit: true }, signal);
      const { usedInodes } = await syscalls.getProjectQuota({ path, projectId }, signal);
      if (usedInodes <= 1) return projectId;
    }
    throw new DriverError('INTERNAL', `No free project id was found for ${path} in ${ATTEMPTS} attempts.`);
  }

  async function isUnused(path: string, projectId: number, signal: AbortSignal): Promise<boolean> {
    try {
      const quota = await syscalls.getProjectQuota({ path, projectId }, signal);
      return quota.usedInodes === 0 && quota.usedBytes === 0 && quota.limitBytes === 0;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return true;
      throw error;
    }
  }

  /** What a source holds: by its quota when it is one of ours, else by walking it. */
  async function measure(source: string, signal: AbortSignal): Promise<number> {
    const { projectId, inherit } = await syscalls.getProject({ path: source }, signal);
    const isOurs = inherit && projectId >= FIRST_ID && projectId <= LAST_ID;
    if (!isOurs) return (await trees.measure(source, signal)).usedBytes;
    return (await syscalls.getProjectQuota({ path: source, projectId }, signal)).usedBytes;
  }

  return kind;
}

function getProjectId(path: string, handle: TreeHandle): number {
  if (handle.projectId !== undefined) return handle.projectId;
  throw new DriverError(
    'INTERNAL',
    `The record of the tree at ${path} has no project id, so its quota cannot be found.`,
  );
}
