import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { Mounts } from '../host.ts';
import type { NfsVersion } from '../../config/nfs-options.ts';
import { toNfsSource } from '../../config/nfs-source.ts';

/** An export, and how it is to be mounted. */
export interface NfsMount {
  readonly poolName: string;
  /** Name or address; IPv6 without brackets. */
  readonly server: string;
  readonly export: string;
  /** An existing directory. */
  readonly target: string;
  /** Tried in this order; the next one only where the server does not have the one before. */
  readonly versions: readonly NfsVersion[];
  /** Of nfs(5), without version and addresses. */
  readonly words: readonly string[];
}

export interface NfsMounting {
  readonly mounts: Pick<Mounts, 'mount'>;
  /** All addresses of a name. Default: those that the system knows. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Whether rpc.statd runs here. */
  readonly findStatd: () => Promise<boolean>;
}

/**
 * Mounts an export by mount(2), without mount.nfs(8) and its own retries. Waits for as long as the kernel does. Throws POOL_UNAVAILABLE when the server does
 * not answer or does not let this machine in, with what to do; PRECONDITION_FAILED where this machine lacks something.
 */
export async function mountNfs(
  deps: NfsMounting,
  mount: NfsMount,
  signal: AbortSignal,
): Promise<{ readonly version: NfsVersion }> {
  const addresses = await resolveServer(deps, mount, signal);
  let failure: unknown;
  for (const version of mount.versions) {
    if (version === '3') await checkLocking(deps, mount);
    failure = await tryAddresses(deps, mount, { version, addresses }, signal);
    if (failure === undefined) return { version };
    if (!isVersionRefused(failure)) break;
  }
  throw toMountError(mount, failure);
}

/** What the last address that was tried said; undefined when it is mounted. Another address may lead there where this one does not. */
async function tryAddresses(
  { mounts }: NfsMounting,
  mount: NfsMount,
  { version, addresses }: { readonly version: NfsVersion; readonly addresses: readonly string[] },
  signal: AbortSignal,
): Promise<unknown> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      await mounts.mount(toMountCall(mount, { version, address }), signal);
      return undefined;
    } catch (error) {
      // Nothing else than what the kernel says is about the address or the version.
      if (!(error instanceof Error) || !('errno' in error)) throw error;
      failure = error;
    }
    if (!isErrno(failure, 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED', 'ETIMEDOUT')) break;
  }
  return failure;
}

function toMountCall(
  mount: NfsMount,
  { version, address }: { readonly version: NfsVersion; readonly address: string },
): Parameters<Mounts['mount']>[0] {
  const transport =
    isIP(address) === 6 && !mount.words.some((word) => word.startsWith('proto=')) ? ['proto=tcp6'] : [];
  const ofVersion3 = version === '3' ? [`mountaddr=${address}`] : [];
  return {
    source: toNfsSource(mount),
    target: mount.target,
    fsType: 'nfs',
    readOnly: false,
    options: [`vers=${version}`, ...mount.words, ...transport, `addr=${address}`, ...ofVersion3],
  };
}

async function resolveServer(
  { resolve = resolveName }: NfsMounting,
  { server, poolName }: NfsMount,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIP(server) !== 0) return [server];
  try {
    const addresses = await raceAbort(resolve(server), signal);
    if (addresses.length > 0) return addresses;
  } catch (error) {
    signal.throwIfAborted();
    throw unresolved(server, poolName, error);
  }
  throw unresolved(server, poolName, undefined);
}

async function resolveName(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address);
}

async function checkLocking({ findStatd }: NfsMounting, { words, poolName }: NfsMount): Promise<void> {
  if (words.includes('nolock') || (await findStatd())) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${poolName} is to be mounted by NFS 3, whose locks need rpc.statd, and the port mapper of this node (127.0.0.1:111) does not have it. Use version 4.1 or 4.2, run rpc.statd on the node, or add the mount option nolock if no program that shares files locks them.`,
  );
}

/** What the kernel says when the server, or the kernel itself, does not have this version. */
function isVersionRefused(error: unknown): boolean {
  return isErrno(error, 'EPROTONOSUPPORT', 'EPFNOSUPPORT', 'EINVAL', 'EOPNOTSUPP');
}

function unresolved(server: string, poolName: string, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The name ${server} of the server of pool ${poolName} cannot be resolved on this node: check the resolver that the driver has there (in Kubernetes node.dnsPolicy of the chart chooses it), or configure an address.`,
    { cause },
  );
}

const HINTS: readonly (readonly [codes: readonly string[], hint: string])[] = [
  [
    ['EACCES', 'EPERM'],
    'The server does not let this node mount it: add the node to the export (exportfs -v on the server shows who may).',
  ],
  [['ENOENT'], 'The server has no such export: see exportfs -v there, and what its NFSv4 root (fsid=0) is.'],
  [['ECONNREFUSED'], 'Nothing listens there: start the NFS server, or correct the address or port.'],
  [
    ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'],
    'It does not answer: see whether it runs, and whether a firewall lets TCP port 2049 through.',
  ],
  [
    ['EPROTONOSUPPORT', 'EPFNOSUPPORT', 'EINVAL', 'EOPNOTSUPP'],
    'The server or this kernel does not have that version or one of the options: allow another one by the parameter nfsVersions of the StorageClass, or by nfsVersions of the pool.',
  ],
  [['ENODEV'], 'This kernel has no NFS client: load its module (modprobe nfs).'],
  [['ESTALE'], 'What was exported there is gone: export it again (exportfs -r on the server).'],
];

function toMountError(mount: NfsMount, error: unknown): DriverError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const hint =
    HINTS.find(([codes]) => isErrno(error, ...codes))?.[1] ??
    `The kernel says ${code}; its log (dmesg) may tell more.`;
  return new DriverError(
    code === 'ENODEV' ? 'PRECONDITION_FAILED' : 'POOL_UNAVAILABLE',
    `The export ${toNfsSource(mount)} of pool ${mount.poolName} cannot be mounted by NFS ${mount.versions.join(' or ')}. ${hint}`,
    { cause: error },
  );
}
