import { createMachine, type Machine } from './machine.ts';

/** A tmpfs: the guest's own root, which is hostfs, cannot be exported, and NFSv4 needs one root for everything. */
const ROOT = '/mnt/exports';
const VERSIONS = ['3', '4.0', '4.1', '4.2'] as const;
const DAEMONS = ['rpc.mountd', 'rpc.statd', 'rpcbind', 'nfsdcld'];
const ANYBODY = { '*': ['rw', 'no_root_squash'] } as const;

/** The machine's own configuration is none of the server's; mount(8) marks what is done already. */
const PREPARE = `
mountpoint -q ${ROOT} && exit 0
mkdir -p ${ROOT} && mount -t tmpfs -o mode=0755 tmpfs ${ROOT}
if [ -n "$1" ]; then mkdir -p "$1" && mount --bind "$1" /var/lib/nfs
else mountpoint -q /var/lib/nfs || mount -t tmpfs -o mode=0755 tmpfs /var/lib/nfs; fi
mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/nfsdcld /run/rpcbind /run/rpc_pipefs
touch /var/lib/nfs/etab /var/lib/nfs/rmtab /run/exports
printf '[general]\\npipefs-directory=/run/rpc_pipefs\\n' >/run/nfs.conf
mount --bind /run/exports /etc/exports
mount --bind /run/nfs.conf /etc/nfs.conf
[ ! -d /etc/exports.d ] || mount -t tmpfs tmpfs /etc/exports.d
mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
mount -t nfsd nfsd /proc/fs/nfsd`;

export type NfsVersion = (typeof VERSIONS)[number];

/** What a server offers. */
export interface NfsExport {
  /** The name of its directory below the root of the server. */
  readonly name: string;
  /** What is found there; on a file system that can be exported (xfs, ext4, btrfs, tmpfs). */
  readonly directory: string;
  /** Options of exports(5) by host, network or `*`. Default: everybody may write, root too. */
  readonly clients?: Readonly<Record<string, readonly string[]>>;
  /** Tells its file handles from others'. Default: a number that it keeps while the server object lives. */
  readonly fsid?: number;
}

export interface NfsServerOptions {
  readonly exports: readonly NfsExport[];
  /** Where it runs. Default: a machine of its own, which is disposed with it. */
  readonly machine?: Machine;
  /** Default: 4.2, 4.1 and 3. */
  readonly versions?: readonly NfsVersion[];
  /**
   * How long a client's state lives without a word from it, and how long after a start only what was open before may be opened. The kernel
   * takes 10 s at the least, which is the default here; `undefined` keeps what the kernel has, 90 s.
   */
  readonly leaseSeconds?: number | undefined;
  readonly graceSeconds?: number | undefined;
  /** The same for locks of every version, if 3 is served: the kernel takes 50 s by itself. Default: 1. One for all servers of a guest. */
  readonly lockGraceSeconds?: number;
  /** Where it notes its clients, so that they may reclaim what they had open. Default: in memory, for as long as the machine lives. */
  readonly stateDirectory?: string;
}

/** A kernel NFS server with its daemons. Disposing stops it. */
export interface NfsServer extends AsyncDisposable {
  readonly machine: Machine;
  /** What a client of this version mounts for an export, without the address. */
  getPath(name: string, version: NfsVersion): string;
  /** Offers one more directory, or changes how one is offered. */
  putExport(offered: NfsExport): Promise<void>;
  /** Its clients get ESTALE from now on. Idempotent. */
  removeExport(name: string): Promise<void>;
  /** Stops serving, in order; the exports are let go of. Idempotent. */
  stop(): Promise<void>;
  /** Serves again what it served. */
  start(): Promise<void>;
}

/** Starts a server and waits until it serves. Throws with what the programs said when it does not. */
export async function startNfsServer(options: NfsServerOptions): Promise<NfsServer> {
  await using undo = new AsyncDisposableStack();
  const machine = options.machine ?? undo.use(await createMachine('nfs-server'));
  const daemon = createDaemons(machine, options);
  const exports = createExports(machine);
  const stop = async (): Promise<void> => {
    await exports.withdraw();
    await daemon.stop();
  };
  undo.defer(stop);
  await machine.run(['sh', '-ec', PREPARE, 'sh', options.stateDirectory ?? '']);
  for (const offered of options.exports) await exports.put(offered);
  const start = async (): Promise<void> => {
    await daemon.start();
    await exports.offer();
    await daemon.serve();
  };
  await start();
  const resources = undo.move();
  return {
    machine,
    getPath: (name, version) => (version === '3' ? `${ROOT}/${name}` : `/${name}`),
    async putExport(offered) {
      await exports.put(offered);
      await exports.offer();
    },
    async removeExport(name) {
      await exports.remove(name);
    },
    stop,
    start,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface Daemons {
  /** What has to run before the exports are known. */
  start(): Promise<void>;
  /** The threads of the kernel. */
  serve(): Promise<void>;
  stop(): Promise<void>;
}

function createDaemons(machine: Machine, options: NfsServerOptions): Daemons {
  const served = options.versions ?? ['4.2', '4.1', '3'];
  const { leaseSeconds = 10, graceSeconds = 10 } = options;
  const isOld = served.includes('3');
  const refused = VERSIONS.filter((version) => !served.includes(version)).flatMap((version) => [
    '-N',
    version,
  ]);
  const times = [
    ...('leaseSeconds' in options && options.leaseSeconds === undefined
      ? []
      : ['--lease-time', leaseSeconds]),
    ...('graceSeconds' in options && options.graceSeconds === undefined
      ? []
      : ['--grace-time', graceSeconds]),
  ];
  return {
    async start() {
      // Each of them returns when it serves.
      if (isOld) {
        await machine.run(['rpcbind', '-w']);
        await machine.run(['rpc.statd', '--no-notify']);
      }
      await machine.run(['nfsdcld']);
      await machine.run(['rpc.mountd', ...(isOld ? [] : ['-N', '3'])]);
    },
    async serve() {
      const write = 'echo "$1" >/proc/sys/fs/nfs/nlm_grace_period';
      await machine.run(['sh', '-ec', write, 'sh', `${options.lockGraceSeconds ?? 1}`]);
      await machine.run(['rpc.nfsd', ...refused, ...times.map(String), '4']);
    },
    async stop() {
      await machine.run(['rpc.nfsd', '0']);
      await machine.killPrograms(DAEMONS);
    },
  };
}

interface Exports {
  put(offered: NfsExport): Promise<void>;
  remove(name: string): Promise<void>;
  /** Tells the kernel of them. */
  offer(): Promise<void>;
  /** Lets the kernel forget them. */
  withdraw(): Promise<void>;
}

function createExports(machine: Machine): Exports {
  const offered = new Map<string, NfsExport>();
  const ids = new Map<string, number>();

  const toId = (one: NfsExport): number => {
    const id = one.fsid ?? ids.get(one.name) ?? ids.size + 1;
    ids.set(one.name, id);
    return id;
  };
  const toLine = (one: NfsExport): string => {
    const common = ['no_subtree_check', `fsid=${toId(one)}`];
    const clients = Object.entries(one.clients ?? ANYBODY);
    const words = clients.map(([client, own]) => `${client}(${[...own, ...common].join(',')})`);
    return `${ROOT}/${one.name} ${words.join(' ')}`;
  };
  const offer = async (): Promise<void> => {
    const lines = [`${ROOT} *(ro,no_subtree_check,fsid=0)`, ...[...offered.values()].map(toLine), ''];
    await machine.run(['sh', '-ec', 'printf %s "$1" >/run/exports', 'sh', lines.join('\n')]);
    await machine.run(['exportfs', '-r']);
  };
  const withdraw = async (): Promise<void> => {
    await machine.run(['exportfs', '-ua']);
    await machine.run(['exportfs', '-f']);
  };
  return {
    async put(one) {
      const script = 'mkdir -p "$2"; mountpoint -q "$2" || mount --bind "$1" "$2"';
      await machine.run(['sh', '-ec', script, 'sh', one.directory, `${ROOT}/${one.name}`]);
      offered.set(one.name, one);
    },
    async remove(name) {
      if (!offered.delete(name)) return;
      await offer();
      // What clients have open keeps it busy until their leases end.
      await machine.run(['umount', '--lazy', `${ROOT}/${name}`]);
    },
    offer,
    withdraw,
  };
}
