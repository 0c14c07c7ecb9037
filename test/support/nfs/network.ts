import { access } from 'node:fs/promises';
import { runCommand } from './command.ts';

/** The bridge that every machine of a guest, and the guest itself, is connected to. */
const BRIDGE = 'nfs';
const MODPROBE = '/run/uml/modprobe';
const MODULES = ['sunrpc', 'nfs', 'nfsv3', 'nfsv4', 'nfsd', 'xfs', 'veth', 'bridge', 'sch_netem'];
const FIRST_MACHINE = 10;
const LAST_MACHINE = 250;

/** Where a machine is reached. */
export interface Addresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

/** What happens to packets on their way to a machine. */
export interface Impairment {
  readonly delayMs?: number;
  /** 100 for a machine that is not to be reached at all. */
  readonly lossPercent?: number;
}

/** A machine's connection to the bridge. */
export interface Port {
  readonly addresses: Addresses;
  /** What the packets to the machine suffer from now on; nothing without an argument. */
  impair(impairment?: Impairment): Promise<void>;
  /** Takes the connection away. Idempotent. */
  remove(): Promise<void>;
}

/** The number of this guest in its network: set by what boots several guests that share one. */
function getGuestNumber(): number {
  return Number(process.env['NFS_GUEST_NUMBER'] ?? 1);
}

/** Addresses of the machine with this number. */
export function toAddresses(number: number): Addresses {
  return { ipv4: `10.98.0.${number}`, ipv6: `fd98::${number.toString(16)}` };
}

/**
 * Loads the modules of NFS and connects the guest itself to its bridge; if the guest has a network device, the bridge reaches what that
 * reaches. Idempotent. Throws where this is not a guest.
 */
export async function ensureGuestNetwork(): Promise<Addresses> {
  const addresses = toAddresses(getGuestNumber());
  if (await exists(`/sys/class/net/${BRIDGE}`)) return addresses;
  await runCommand([MODPROBE, '-a', ...MODULES]);
  // So that machines see what is mounted after they have been made, and the guest nothing of theirs.
  await runCommand(['mount', '--make-rshared', '/']);
  // Clients without a name would be one and the same to a server.
  await runCommand(['hostname', `guest-${getGuestNumber()}`]);
  const device = (await exists('/sys/class/net/eth0')) ? ['link set eth0 master nfs up'] : [];
  await runIp([
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `link set ${BRIDGE} address ${toHardwareAddress(getGuestNumber())} up`,
    ...toAssignments(BRIDGE, addresses),
    ...device,
  ]);
  return addresses;
}

/** Connects the network namespace of a process to the bridge, as its eth0, under the lowest number that is free. */
export async function connect(pid: number): Promise<Port> {
  await ensureGuestNetwork();
  const { number, port } = await addPort(pid);
  const addresses = toAddresses(number);
  await runIp([`link set ${port} master ${BRIDGE} up`]);
  await runIp(
    ['link set lo up', ...toAssignments('eth0', addresses), 'link set eth0 up'],
    ['nsenter', '--target', `${pid}`, '--net'],
  );
  return {
    addresses,
    async impair(impairment) {
      await runCommand(['tc', 'qdisc', 'replace', 'dev', port, 'root', ...toDiscipline(impairment)]);
    },
    async remove() {
      // It goes with the namespace too, at a time of the kernel's choice.
      await runCommand(['ip', 'link', 'delete', port]).catch(ignoreMissing);
    },
  };
}

interface NumberedPort {
  readonly number: number;
  readonly port: string;
}

async function addPort(pid: number): Promise<NumberedPort> {
  for (let number = FIRST_MACHINE; number <= LAST_MACHINE; number += 1) {
    const port = `${BRIDGE}-${number}`;
    if (await exists(`/sys/class/net/${port}`)) continue;
    try {
      // An address that is used again has the same hardware address again, since others remember it.
      const peer = `peer name eth0 address ${toHardwareAddress(number)} netns ${pid}`;
      await runIp([`link add ${port} type veth ${peer}`]);
      return { number, port };
    } catch (error) {
      if (!String(error).includes('File exists')) throw error;
    }
  }
  throw new Error(`More than ${LAST_MACHINE - FIRST_MACHINE} machines in one guest.`);
}

function toAssignments(device: string, { ipv4, ipv6 }: Addresses): readonly string[] {
  return [`addr add ${ipv4}/24 dev ${device}`, `addr add ${ipv6}/64 dev ${device} nodad`];
}

function toHardwareAddress(number: number): string {
  return `02:00:00:00:98:${number.toString(16).padStart(2, '0')}`;
}

function toDiscipline({ delayMs, lossPercent }: Impairment = {}): readonly string[] {
  const delay = delayMs === undefined ? [] : ['delay', `${delayMs}ms`];
  const loss = lossPercent === undefined ? [] : ['loss', `${lossPercent}%`];
  return delay.length + loss.length === 0 ? ['pfifo'] : ['netem', ...delay, ...loss];
}

async function runIp(commands: readonly string[], wrapper: readonly string[] = []): Promise<void> {
  for (const command of commands) await runCommand([...wrapper, 'ip', ...command.split(' ')]);
}

function ignoreMissing(error: unknown): void {
  if (!String(error).includes('Cannot find device')) throw error;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
