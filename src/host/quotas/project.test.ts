import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unusable } from '../../../test/support/unusable.ts';
import type { Trees } from '../host.ts';
import type { ProjectAttributes, ProjectQuota, Syscalls } from '../syscalls/syscalls.ts';
import { createProjectQuota } from './project.ts';

const NONE = new AbortController().signal;

type ProjectCalls = Pick<Syscalls, 'getProject' | 'setProject' | 'getProjectQuota' | 'setProjectQuota'>;

/** Project quotas in memory: one inode for each path that has a project. */
class FakeProjects implements ProjectCalls {
  readonly projects = new Map<string, ProjectAttributes>();
  readonly limits = new Map<number, number>();
  /** Inodes that others have in a project, as the next one who claims it finds them. */
  foreignInodes: readonly number[] = [];

  async getProject({ path }: { readonly path: string }): Promise<ProjectAttributes> {
    return this.projects.get(path) ?? { projectId: 0, inherit: false };
  }

  async setProject({
    path,
    projectId,
    inherit,
  }: { readonly path: string } & ProjectAttributes): Promise<void> {
    this.projects.set(path, { projectId, inherit });
  }

  async getProjectQuota({ projectId }: { readonly projectId: number }): Promise<ProjectQuota> {
    const own = [...this.projects.values()].filter((one) => one.projectId === projectId).length;
    const [foreign = 0, ...rest] = this.foreignInodes;
    this.foreignInodes = rest;
    return {
      projectId,
      usedBytes: 0,
      usedInodes: own + foreign,
      limitBytes: this.limits.get(projectId) ?? 0,
      limitInodes: 0,
    };
  }

  async setProjectQuota({
    projectId,
    limitBytes,
  }: {
    readonly projectId: number;
    readonly limitBytes: number;
  }) {
    // As xfs does.
    this.limits.set(projectId, Math.ceil(limitBytes / 4096) * 4096);
  }
}

const trees = unusable<Trees>('trees', {
  async remove() {},
  async copy() {},
  measure: async () => ({ usedBytes: 0, usedInodes: 0 }),
});

async function openKind(projects: FakeProjects) {
  const directory = await mkdtempDisposable(join(tmpdir(), 'stowage-project-'));
  const kind = createProjectQuota(
    // Only the calls about projects are used.
    { syscalls: projects as ProjectCalls as Syscalls, trees },
    { isHard: true, copying: 'reflink' },
  );
  return { kind, path: join(directory.path, 'tree'), [Symbol.asyncDispose]: directory[Symbol.asyncDispose] };
}

describe('project quota', () => {
  it.each([
    ['was taken before', [1]],
    ['is taken by somebody else at the same time', [0, 1]],
  ])('picks another id when the first one %s', async (_case, foreignInodes) => {
    const projects = new FakeProjects();
    projects.foreignInodes = foreignInodes;
    await using opened = await openKind(projects);

    const { projectId = 0 } = await opened.kind.createTree({ path: opened.path, limitBytes: 4096 }, NONE);

    expect(projectId).toBeGreaterThanOrEqual(0x2000_0000);
    expect(projects.projects.get(opened.path)).toEqual({ projectId, inherit: true });
    expect(projects.limits.get(projectId)).toBe(4096);
  });

  it('gives up when every id is taken', async () => {
    const projects = new FakeProjects();
    projects.foreignInodes = Array.from({ length: 100 }, () => 1);
    await using opened = await openKind(projects);

    const created = opened.kind.createTree({ path: opened.path, limitBytes: 4096 }, NONE);

    await expect(created).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('takes a limit that the file system rounded up to a block', async () => {
    await using opened = await openKind(new FakeProjects());

    await expect(
      opened.kind.createTree({ path: opened.path, limitBytes: 5000 }, NONE),
    ).resolves.toBeDefined();
  });

  it('does not take a limit that was not kept', async () => {
    const projects = new FakeProjects();
    projects.setProjectQuota = async () => {};
    await using opened = await openKind(projects);

    const created = opened.kind.createTree({ path: opened.path, limitBytes: 4096 }, NONE);

    await expect(created).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });
});
