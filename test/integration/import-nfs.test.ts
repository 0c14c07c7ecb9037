import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { systemClock } from '../../src/base/clock.ts';
import { hashName } from '../../src/base/ids.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import { openLocalStore } from '../../src/filestore/open-store.ts';
import { createHost } from '../../src/host/create-host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createStorePaths } from '../../src/filestore/paths.ts';
import { lockPool } from '../../src/filestore/pool/pool-lock.ts';
import { ensurePoolRecord } from '../../src/filestore/pool/pool-record-file.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import { parseConfig } from '../../src/main/config.ts';
import { addImportCommands } from '../../src/main/import-commands.ts';
import { makeCsiVolume, makeSubdirVolume, toPersistentVolumeList } from '../support/foreign-volumes.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const CSI = ['--from', 'csi-driver-nfs', '--quota', 'none'];
const SUBDIR = ['--from', 'nfs-subdir-external-provisioner', '--quota', 'none'];

interface Said {
  out: string;
  error: string;
  code: number;
}

describe.skipIf(skipsRootTests())('stowage import nfs', () => {
  const signal = AbortSignal.timeout(600_000);
  let scratch: ScratchFilesystem;
  let root: string;
  beforeEach(async () => {
    scratch = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 512 * 2 ** 20 });
    root = join(scratch.path, 'export');
    await mkdir(root);
    const paths = createStorePaths(root);
    const identity = { name: 'shared', clusterId: 'cluster', knownPoolId: undefined };
    await ensurePoolRecord({ ...identity, paths, clock: systemClock });
  });
  afterEach(async () => {
    await scratch?.[Symbol.asyncDispose]();
  });

  async function run(items: readonly unknown[], ...flags: readonly string[]): Promise<Said> {
    return await runWith(`agent: { node: server-1, path: ${root} }`, items, ...flags);
  }

  async function runWith(
    agent: string,
    items: readonly unknown[],
    ...flags: readonly string[]
  ): Promise<Said> {
    const pvs = join(scratch.path, '..', 'pvs.json');
    const source = flags.includes('--no-pvs') ? [] : ['--pvs', pvs];
    await writeFile(pvs, toPersistentVolumeList(items));
    const said: Said = { out: '', error: '', code: 0 };
    const program = new Command().exitOverride();
    const config = `
node: { name: server-1 }
runDirectory: ${join(scratch.path, '..', 'run')}
drivers:
  nfs:
    pools: [{ type: nfs, name: shared, server: nfs1, export: /srv/nfs, ${agent} }]`;
    addImportCommands(program, {
      environment: {},
      readConfig: (file) => Promise.resolve(parseConfig(config, { path: file })),
      print: (text) => void (said.out += text),
      printError: (text) => void (said.error += text),
      setExitCode: (code) => void (said.code = code),
    });
    const rest = flags.filter((flag) => flag !== '--no-pvs');
    await program.parseAsync(['import', 'nfs', ...source, ...rest], { from: 'user' });
    return said;
  }

  /** A directory with a file that has its name. */
  async function fill(directory: string): Promise<void> {
    await mkdir(join(root, directory), { recursive: true });
    await writeFile(join(root, directory, 'file'), directory, { flush: true });
  }

  /** All there is to see of a tree, but for the times of access. */
  async function look(): Promise<readonly unknown[]> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const paths = [root, ...entries.map(({ parentPath, name }) => join(parentPath, name)).toSorted()];
    return await Promise.all(
      paths.map(async (path) => {
        const { ino, mode, uid, gid, size, nlink, mtimeMs, ctimeMs } = await lstat(path);
        return { path, ino, mode, uid, gid, size, nlink, mtimeMs, ctimeMs };
      }),
    );
  }

  /** What the PersistentVolumes of the manifests lead to. */
  async function readVolumes(manifests: string): Promise<Readonly<Record<string, string>>> {
    const found: Record<string, string> = {};
    for (const document of parseAllDocuments(manifests)) {
      if (document.get('kind') !== 'PersistentVolume') continue;
      const hash = String(document.getIn(['spec', 'csi', 'volumeHandle'])).split('-')[1] ?? '';
      const file = join(root, 'volumes', hash, 'data', 'file');
      found[String(document.getIn(['metadata', 'name']))] = await readFile(file, 'utf8');
    }
    return found;
  }

  it('takes over what csi-driver-nfs made, by its default and by templates', async () => {
    for (const directory of ['pvc-1', 'shop/web', 'archived-pvc-9', 'snapshot-7']) await fill(directory);
    const items = [
      makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'], policy: 'Delete' }),
      makeCsiVolume({
        name: 'pvc-2',
        claim: ['shop', 'web'],
        subDir: 'shop/web',
        mountOptions: ['nfsvers=4.1', 'bg'],
      }),
      makeCsiVolume({ name: 'pvc-3', claim: ['shop', 'else'], server: 'nfs2' }),
      makeCsiVolume({ name: 'pvc-4', claim: ['shop', 'gone'] }),
    ];
    const before = await look();

    const dry = await run(items, ...CSI);

    expect(await look()).toEqual(before);
    expect(dry).toMatchObject({ error: '', code: 1 });
    expect(dry.out).toContain('2 of 3 PersistentVolumes of csi-driver-nfs that lie there can be imported');
    expect(dry.out).toMatch(/pvc-1: pvc-1, 64Mi, ReadWriteMany, claim default\/db\n {4}would be imported/);
    expect(dry.out).toMatch(/note: its policy is Delete/);
    expect(dry.out).toMatch(/pvc-2: shop\/web.*\n.*\n {4}note: mount options .* not take: bg/);
    expect(dry.out).toContain('pvc-3: it is on server nfs2');
    expect(dry.out).toMatch(/Cannot be imported:\n {2}pvc-4: There is no directory/);
    expect(dry.out).toMatch(/Archived by their provisioner, and left alone:\n {2}archived-pvc-9/);
    expect(dry.out).toMatch(/Of no PersistentVolume, and left alone:\n {2}snapshot-7/);

    const done = await run(items, ...CSI, '--yes');

    expect(done.code).toBe(1);
    expect(done.error).toMatch(/pvc-1: .*\n {4}is imported as /);
    expect(await readVolumes(done.out)).toEqual({ 'pvc-1': 'pvc-1', 'pvc-2': 'shop/web' });
    expect((await readdir(root)).toSorted()).toEqual([
      '.stowage',
      'archived-pvc-9',
      'by-claim',
      'shop',
      'snapshot-7',
      'snapshots',
      'volumes',
    ]);
  });

  it('takes over what nfs-subdir-external-provisioner made, by its default and by patterns', async () => {
    for (const directory of ['default-db-pvc-1', 'shop/team/web', 'archived-default-x-pvc-9']) {
      await fill(directory);
    }
    const items = [
      makeSubdirVolume({ name: 'pvc-1', claim: ['default', 'db'] }),
      makeSubdirVolume({ name: 'pvc-2', claim: ['shop', 'web'], path: 'shop/team/web' }),
      makeCsiVolume({ name: 'pvc-3', claim: ['shop', 'not-its'] }),
    ];

    const { out, error, code } = await run(items, ...SUBDIR, '--yes');

    expect(code).toBe(0);
    expect(error).toContain('2 of 2 PersistentVolumes');
    expect(await readVolumes(out)).toEqual({ 'pvc-1': 'default-db-pvc-1', 'pvc-2': 'shop/team/web' });
    expect(await readdir(root)).toContain('archived-default-x-pvc-9');
    expect((await readdir(join(root, 'by-claim'))).toSorted()).toEqual(['default', 'shop']);
  });

  it('prints the same manifests again when it is repeated', async () => {
    await fill('pvc-1');
    const items = [makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'] })];

    const first = await run(items, ...CSI, '--yes');
    const dry = await run(items, ...CSI);
    const again = await run(items, ...CSI, '--yes');

    expect(dry.out).toContain('was imported before as');
    expect(again.error).toContain('was imported before as');
    expect(again.out).toBe(first.out);
  });

  it('refuses PersistentVolumes that share a directory, and does the others', async () => {
    for (const directory of ['shared', 'pvc-3']) await fill(directory);
    const items = [
      makeCsiVolume({ name: 'pvc-1', claim: ['default', 'one'], subDir: 'shared' }),
      makeCsiVolume({ name: 'pvc-2', claim: ['default', 'two'], subDir: 'shared' }),
      makeCsiVolume({ name: 'pvc-3', claim: ['default', 'three'] }),
    ];

    const { out, error, code } = await run(items, ...CSI, '--yes');

    expect(code).toBe(1);
    expect(error).toContain('pvc-1: it shares the directory shared with pvc-2');
    expect(await readVolumes(out)).toEqual({ 'pvc-3': 'pvc-3' });
    expect(await readFile(join(root, 'shared', 'file'), 'utf8')).toBe('shared');
  });

  it('refuses directories that are symbolic links, or mounted on this machine', async () => {
    for (const directory of ['real', 'pvc-2']) await fill(directory);
    await symlink('real', join(root, 'pvc-1'));
    const target = join(scratch.path, 'target');
    await mkdir(target);
    await exec('mount', ['--bind', join(root, 'pvc-2'), target]);
    const items = [
      makeCsiVolume({ name: 'pvc-1', claim: ['default', 'one'] }),
      makeCsiVolume({ name: 'pvc-2', claim: ['default', 'two'] }),
    ];

    const { out, error } = await run(items, ...CSI, '--yes');
    await exec('umount', [target]);

    expect(out).toBe('');
    expect(error).toMatch(/pvc-1: .* is no directory, or is reached by a symbolic link/);
    expect(error).toMatch(/pvc-2: .* is in use on this machine: it is mounted at /);
    expect(await readdir(join(root, 'volumes'))).toEqual([]);
  });

  it('does nothing while the agent has the pool open', async () => {
    await fill('pvc-1');
    const syscalls = createSyscalls();
    const pool = { name: 'shared', paths: createStorePaths(root), syscalls };
    const lock = await lockPool(pool, AbortSignal.timeout(10_000));

    const items = [makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'] })];
    const { out, error, code } = await run(items, ...CSI, '--yes');
    await lock[Symbol.asyncDispose]();
    await syscalls.close();

    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(error).toMatch(/is open in another program .* its agent, which has to be stopped/);
    expect(await readdir(join(root, 'pvc-1'))).toEqual(['file']);
  });

  it('works beside the agents of nodes that share a pool, and finds its directory when it is told', async () => {
    await fill('pvc-1');
    const logger = silentLogger;
    await using undo = new AsyncDisposableStack();
    const host = createHost({ logger, clock: systemClock, runDirectory: join(scratch.path, '..', 'run') });
    undo.defer(() => host.close());
    const other = await openLocalStore(
      {
        pool: { name: 'shared', path: root, overcommit: 1, lowWaterPercent: 5 },
        host,
        clusterId: 'cluster',
        nodeName: 'node-1',
        locks: new KeyedLock(),
        clock: systemClock,
        logger,
        isShared: true,
      },
      signal,
    );
    undo.defer(() => other.close());
    const items = [makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'] })];

    const untold = await runWith('', items, ...CSI);
    const enforced = await runWith('', items, '--from', 'csi-driver-nfs', '--directory', root);
    const done = await runWith('', items, ...CSI, '--directory', root, '--yes');

    expect(untold).toMatchObject({ code: 1, error: expect.stringContaining('Say it with --directory') });
    expect(enforced).toMatchObject({ code: 1, error: expect.stringContaining('cannot limit directories') });
    expect(done.code).toBe(0);
    expect(await readVolumes(done.out)).toEqual({ 'pvc-1': 'pvc-1' });
    expect(await other.findVolumeByName({ name: 'pvc-1' }, signal)).toMatchObject({ name: 'pvc-1' });
  });

  it('names what an earlier import left half done, and finishes it', async () => {
    await fill('pvc-1');
    const hash = hashName('cluster', 'pvc-1');
    const begun = join(root, '.stowage', 'adoptions', hash);
    await mkdir(join(begun, 'volume'), { recursive: true });
    const note = { formatVersion: 1, name: 'pvc-1', directory: 'pvc-1' };
    await writeFile(join(begun, 'adoption.json'), JSON.stringify(note));
    await rename(join(root, 'pvc-1'), join(begun, 'volume', 'data'));
    const items = [makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'] })];

    const others = await run([], ...CSI);
    const dry = await run(items, ...CSI);
    const done = await run(items, ...CSI, '--yes');

    expect(others.out).toMatch(/Cut short in an earlier import.*\n {2}pvc-1: pvc-1/);
    expect(dry.out).toContain('an import of it was cut short, and would be finished');
    expect(await readVolumes(done.out)).toEqual({ 'pvc-1': 'pvc-1' });
  });

  it('says what to do where sizes cannot be enforced, and where there is no pool', async () => {
    const items = [makeCsiVolume({ name: 'pvc-1', claim: ['default', 'db'] })];

    const enforced = await run(items, '--from', 'csi-driver-nfs');
    const elsewhere = await run(items, ...CSI, '--directory', scratch.path);
    const unasked = await run(items, ...CSI, '--no-pvs');

    expect(enforced).toMatchObject({ code: 1, error: expect.stringContaining('say --quota none') });
    expect(unasked).toMatchObject({ code: 1, error: expect.stringContaining('set KUBECONFIG') });
    expect(elsewhere).toMatchObject({ code: 1, error: expect.stringContaining('There is no pool at') });
  });
});
