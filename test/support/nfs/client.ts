import { createGuestMachine, createMachine, type Machine, type NamespacedMachine } from './machine.ts';

/** mount.nfs itself waits for two minutes. */
const MOUNT_WITHIN_MS = 60_000;
const DETACHES_WITHIN_MS = 2_000;

/** What a client mounts. */
export interface MountRequest {
  readonly address: string;
  readonly path: string;
  readonly mountPoint: string;
  /** Of nfs(5), such as `vers=4.2`. */
  readonly options: readonly string[];
}

/** What can be done with mounts of NFS on a machine. Nothing else may touch them: the process that does hangs when the server is gone. */
export interface Mounting {
  /** Makes the mount point as well. */
  mount(request: MountRequest): Promise<void>;
  unmount(mountPoint: string): Promise<void>;
  /** Detaches it whatever the server does. */
  detach(mountPoint: string): Promise<void>;
}

/** A machine that is a client of NFS servers. */
export interface NfsClient extends NamespacedMachine, Mounting {}

/** Makes a client: one host name, which is one client to an NFSv4 server. */
export async function createClient(hostName: string): Promise<NfsClient> {
  const machine = await createMachine(hostName);
  return { ...machine, ...createMounting(machine) };
}

/** The guest itself as a client. */
export async function createGuestClient(): Promise<Machine & Mounting> {
  const machine = await createGuestMachine();
  return { ...machine, ...createMounting(machine) };
}

/** Starts what a client needs for the locks of NFSv3. It runs until the machine is disposed. */
export async function startLocking(machine: Machine): Promise<void> {
  await machine.run(['mkdir', '-p', '/run/rpcbind', '/var/lib/nfs/sm', '/var/lib/nfs/sm.bak']);
  await machine.run(['rpcbind', '-w']);
  await machine.run(['rpc.statd', '--no-notify']);
}

function createMounting(machine: Machine): Mounting {
  return {
    async mount({ address, path, mountPoint, options }) {
      await machine.run(['mkdir', '-p', mountPoint]);
      const source = `${address.includes(':') ? `[${address}]` : address}:${path}`;
      await machine.run(['mount', '-t', 'nfs', '-o', options.join(','), source, mountPoint], {
        deadlineMs: MOUNT_WITHIN_MS,
      });
    },
    async unmount(mountPoint) {
      await machine.run(['umount', mountPoint]);
    },
    async detach(mountPoint) {
      // The helper of NFS, and the search for symbolic links, would ask the server.
      const words = ['umount', '--lazy', '--internal-only', '--no-canonicalize', mountPoint];
      await using unmounting = machine.start(words);
      // The last mount of a server takes leave of it, and waits for its answer, after it has been taken out of the tree.
      if (!(await unmounting.endsWithin(DETACHES_WITHIN_MS))) return;
      const { exitCode, stderr } = await unmounting.ended;
      if (exitCode !== 0) throw new Error(`${mountPoint} cannot be detached: ${stderr}`);
    },
  };
}
