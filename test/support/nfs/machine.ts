import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, type CommandOptions, runCommand, startCommand } from './command.ts';
import { type Addresses, connect, ensureGuestNetwork, type Impairment } from './network.ts';

const GOES_WITHIN_MS = 2_000;

/**
 * What a namespace gets: a name; a /run of its own, since the kernel and the programs look for the rpcbind of their machine there; the
 * state of NFS daemons. It lives as long as its standard input.
 */
const HOLDER = `
hostname "$1"
mkdir -p /tmp/run.$$ && mount -t tmpfs -o mode=0755 tmpfs /tmp/run.$$
for directory in machine uml; do mkdir /tmp/run.$$/$directory && mount --rbind /run/$directory /tmp/run.$$/$directory; done
mount -n --move /tmp/run.$$ /run && rmdir /tmp/run.$$
mount -t tmpfs -o mode=0755 tmpfs /var/lib/nfs
echo ready
exec cat`;

/** A place of a guest to run programs in: the guest itself, or namespaces that look like another machine. */
export interface Machine {
  readonly hostName: string;
  readonly addresses: Addresses;
  /** The command line that runs this one there, in the same working directory. */
  wrap(argv: readonly string[]): readonly string[];
  /** Runs a program there and hands back what it printed. Throws when it fails or does not end in time. */
  run(argv: readonly string[], options?: CommandOptions): Promise<string>;
  /** Starts a program there, which may run for long, or hang. */
  start(argv: readonly string[], options?: CommandOptions): Command;
  /** Kills the programs there that have one of these names, and returns once they are gone. */
  killPrograms(names: readonly string[]): Promise<void>;
}

/** Namespaces for network, host name and mounts. Disposing kills all that runs there. */
export interface NamespacedMachine extends Machine, AsyncDisposable {
  /** What packets on their way to it suffer from now on; nothing without an argument. */
  impair(impairment?: Impairment): Promise<void>;
}

/** The guest itself as a machine. */
export async function createGuestMachine(): Promise<Machine> {
  const addresses = await ensureGuestNetwork();
  const hostName = (await runCommand(['hostname'])).trim();
  return createMachineOf({ hostName, addresses, pid: process.pid, wrap: (argv) => argv });
}

/**
 * Makes namespaces with a host name and addresses of their own; one host name is one client to an NFSv4 server. It sees what the guest
 * mounts; what it mounts itself, and its /run, are its own.
 */
export async function createMachine(hostName: string): Promise<NamespacedMachine> {
  await ensureGuestNetwork();
  const namespaces = ['--net', '--uts', '--mount', '--propagation', 'slave'];
  const holder = spawn('unshare', [...namespaces, 'sh', '-ec', HOLDER, 'sh', hostName], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  const { pid } = holder;
  if (pid === undefined) throw new Error(`Cannot start unshare for ${hostName}.`);
  const isReady = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    exited.then(() => false),
  ]);
  if (!isReady) throw new Error(`No namespaces could be made for ${hostName}; see the console.`);
  const port = await connect(pid);
  const enter = ['nsenter', '--target', `${pid}`, '--net', '--uts', '--mount', `--wdns=${process.cwd()}`];
  const wrap = (argv: readonly string[]): readonly string[] => [...enter, ...argv];
  return {
    ...createMachineOf({ hostName, addresses: port.addresses, pid, wrap }),
    impair: async (impairment) => await port.impair(impairment),
    async [Symbol.asyncDispose]() {
      await killAll(pid, () => true);
      // The last one unmounts what is left, for which it may wait for a server; that is not waited for here.
      await Promise.race([exited, sleep(GOES_WITHIN_MS, undefined, { ref: false })]);
      await port.remove();
    },
  };
}

interface Parts {
  readonly hostName: string;
  readonly addresses: Addresses;
  /** A process there. */
  readonly pid: number;
  readonly wrap: Machine['wrap'];
}

function createMachineOf({ hostName, addresses, pid, wrap }: Parts): Machine {
  return {
    hostName,
    addresses,
    wrap,
    run: async (argv, options) => await runCommand(wrap(argv), options),
    start: (argv, options) => startCommand(wrap(argv), options),
    killPrograms: async (names) => await killAll(pid, (name) => names.includes(name)),
  };
}

/** Kills the programs in the mount namespace of a process. One that hangs in the kernel is given up after some seconds. */
async function killAll(pid: number, isMeant: (name: string) => boolean): Promise<void> {
  const namespace = await readNamespace(`${pid}`);
  for (let tries = 0; tries < 100; tries += 1) {
    const left = await listPrograms(namespace, isMeant);
    if (left.length === 0) return;
    for (const one of left) kill(one);
    await sleep(20);
  }
}

async function listPrograms(
  namespace: string | undefined,
  isMeant: (name: string) => boolean,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (namespace === undefined || (await readNamespace(pid)) !== namespace) continue;
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
    if (isMeant(name)) found.push(Number(pid));
  }
  return found;
}

async function readNamespace(pid: string): Promise<string | undefined> {
  // Kernel threads, and programs that have ended, have none.
  return await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
