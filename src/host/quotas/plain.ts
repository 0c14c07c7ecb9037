import type { QuotaDeps } from './deps.ts';
import { assertFits, makeRoot } from './limits.ts';
import type { QuotaKind, TreeHandle } from './quota.ts';
import { assertNoneNested, removeWithSubvolumes } from './subvolumes.ts';

const HANDLE: TreeHandle = { quota: 'none' };

/** Plain directories: nothing is limited, and usage is found by walking. */
export function createPlainQuota(
  { syscalls, trees }: QuotaDeps,
  options: { readonly copying: 'reflink' | 'plain' },
): QuotaKind {
  return {
    name: 'none',
    isHard: false,
    copying: options.copying,
    async createTree({ path }) {
      await makeRoot(path);
      return HANDLE;
    },
    async copyTree({ source, path, limitBytes }, signal) {
      await assertNoneNested(syscalls, source, signal);
      if (limitBytes !== undefined) {
        assertFits(source, (await trees.measure(source, signal)).usedBytes, limitBytes);
      }
      await makeRoot(path);
      const reflink = options.copying === 'reflink' ? 'always' : 'auto';
      await trees.copy({ source, target: path, reflink }, signal);
      return HANDLE;
    },
    async removeTree({ path }, signal) {
      await removeWithSubvolumes({ syscalls, trees }, path, signal);
    },
    async setLimit() {},
    async getUsage({ path }, signal) {
      return await trees.measure(path, signal);
    },
    async verify() {
      return [];
    },
    adoption: {
      adoptTree: () => Promise.resolve(HANDLE),
      releaseTree: () => Promise.resolve(),
    },
  };
}
