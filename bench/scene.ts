import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubelet, type Kubelet } from '../test/support/kubelet.ts';
import { makeScratchFilesystem, type ScratchFilesystem } from '../test/support/scratch.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { BUNDLED_PROGRAM } from './bundle.ts';

const GiB = 2 ** 30;

/** Where everything is measured: scratch file systems in files of the host's disk, and the bundled server over them. */
export interface Scene extends AsyncDisposable {
  readonly server: TestServer;
  readonly kubelet: Kubelet;
  /** Directories with quotas live here (pool `btrfs`). */
  readonly btrfs: ScratchFilesystem;
  /** Images live here (pool `xfs`). */
  readonly xfs: ScratchFilesystem;
  /** A folder beside each pool, for the usual way. */
  readonly beside: { readonly btrfs: string; readonly xfs: string };
}

/** Makes the scratch file systems and starts the server from its bundle (`make build`). */
export async function setScene(): Promise<Scene> {
  await using undo = new AsyncDisposableStack();
  const btrfs = undo.use(await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 40 * GiB }));
  const xfs = undo.use(await makeScratchFilesystem({ type: 'xfs', sizeBytes: 60 * GiB }));
  for (const { path } of [btrfs, xfs]) await mkdir(join(path, 'pool'));
  const directory = join(xfs.path, 'server');
  const server = undo.use(
    await startServer({
      directory,
      program: BUNDLED_PROGRAM,
      pools: [
        // Small claims by the thousand, copies of large images: what is promised is not the matter here.
        { name: 'btrfs', path: join(btrfs.path, 'pool'), overcommit: 100 },
        { name: 'xfs', path: join(xfs.path, 'pool'), overcommit: 100 },
      ],
    }),
  );
  const kubelet = await createKubelet({ ...server, directory: join(directory, 'pods') });
  const kept = undo.move();
  return {
    server,
    kubelet,
    btrfs,
    xfs,
    beside: { btrfs: join(btrfs.path, 'usual'), xfs: join(xfs.path, 'usual') },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
