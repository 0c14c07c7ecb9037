import { findNearest } from '../base/nearest.ts';
import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';

/** Versions of the protocol, the best first. */
export const NFS_VERSIONS = ['4.2', '4.1', '4.0', '3'] as const;
export type NfsVersion = (typeof NFS_VERSIONS)[number];

/** Words of nfs(5) without a value, those that exclude each other in one line. Of a line the last one counts. */
const FLAG_GROUPS: readonly (readonly string[])[] = [
  ['hard', 'soft', 'softerr'],
  ['ac', 'noac'],
  ['cto', 'nocto'],
  ['acl', 'noacl'],
  ['lock', 'nolock'],
  ['rdirplus', 'nordirplus'],
  ['sharecache', 'nosharecache'],
  ['resvport', 'noresvport'],
  ['fsc', 'nofsc'],
  ['softreval', 'nosoftreval'],
  ['trunkdiscovery', 'notrunkdiscovery'],
  ['posix'],
  ['sync', 'async'],
];

/** Those with a value, and what it looks like. */
const VALUES: Readonly<Record<string, RegExp>> = {
  timeo: /^\d{1,6}$/,
  retrans: /^\d{1,4}$/,
  rsize: /^\d{1,9}$/,
  wsize: /^\d{1,9}$/,
  acregmin: /^\d{1,6}$/,
  acregmax: /^\d{1,6}$/,
  acdirmin: /^\d{1,6}$/,
  acdirmax: /^\d{1,6}$/,
  actimeo: /^\d{1,6}$/,
  nconnect: /^([1-9]|1[0-6])$/,
  max_connect: /^([1-9]|1[0-6])$/,
  port: /^\d{1,5}$/,
  mountport: /^\d{1,5}$/,
  namlen: /^\d{1,4}$/,
  proto: /^(tcp6?|rdma6?|udp6?)$/,
  mountproto: /^(tcp6?|udp6?)$/,
  sec: /^(sys|none|krb5|krb5i|krb5p)$/,
  lookupcache: /^(all|none|pos|positive)$/,
  local_lock: /^(all|flock|posix|none)$/,
  write: /^(lazy|eager|wait)$/,
  xprtsec: /^(none|tls|mtls)$/,
  context: /^"?[\w:,.-]+"?$/,
};

/** Of one mount, not of the file system: they are for the bind mounts that pods get. */
const PER_MOUNT = [
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
  'relatime',
  'ro',
  'rw',
  'suid',
  'dev',
  'exec',
  'diratime',
];
/** What changes nothing: they are so anyway, or are for mount(8). */
const IDLE = /^(defaults|intr|nointr|tcp|fg|_netdev|auto|noauto|nofail|retry=\d+|x-[\w.-]+(=.*)?)$/;
/** What the driver says itself. */
const REFUSED = /^(addr|mountaddr|clientaddr|mountvers|mounthost|minorversion|bg|udp|rdma)(=.*)?$/;

/** Mount options of an NFS file system, sorted. */
export interface NfsOptions {
  /** Undefined when nothing is said of it. */
  readonly version: NfsVersion | undefined;
  /** For the mount of the export, each setting once, in a fixed order. */
  readonly words: readonly string[];
  /** For the bind mounts of volumes, as they were given. */
  readonly bindWords: readonly string[];
}

/**
 * Sorts mount options as people write them. Later words win over earlier ones, so options of a pool go before those of a StorageClass. Throws
 * INVALID_ARGUMENT, with the nearest known one, for what nfs(5) does not have, or for what the driver says itself.
 */
export function parseNfsOptions(options: readonly string[]): NfsOptions {
  const settings = new Map<string, string>();
  const bindWords: string[] = [];
  let version: NfsVersion | undefined;
  for (const word of options.flatMap(splitWords)) {
    if (PER_MOUNT.includes(word)) {
      bindWords.push(word);
      continue;
    }
    const named = findVersion(word);
    if (named !== undefined) version = named;
    else if (!IDLE.test(word)) settings.set(...toSetting(word));
  }
  const words = [...settings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, word]) => word);
  return { version, words, bindWords };
}

/** The key under which a word is set, and the word. */
function toSetting(word: string): readonly [key: string, word: string] {
  if (REFUSED.test(word)) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `The mount option ${quote(word)} is not for users of this driver, which says it itself: remove it. Servers are named in the configuration of the pool.`,
    );
  }
  const group = FLAG_GROUPS.find((flags) => flags.includes(word))?.[0];
  if (group !== undefined) return [group, word];
  const [key, value] = splitValue(word);
  const form = Object.hasOwn(VALUES, key) ? VALUES[key] : undefined;
  if (form === undefined) throw unknownOption(word, key);
  if (value !== undefined && form.test(value)) return [key, word];
  throw new DriverError(
    'INVALID_ARGUMENT',
    `The mount option ${quote(word)} has no value that nfs(5) knows for ${key}. Correct it.`,
  );
}

function splitWords(text: string): readonly string[] {
  return (text.match(/(?:[^,"]|"[^"]*")+/g) ?? []).map((word) => word.trim()).filter((word) => word !== '');
}

function splitValue(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function findVersion(word: string): NfsVersion | undefined {
  const match = /^(?:nfs)?vers=(.*)$/.exec(word) ?? /^v(4\.[012]|4|3)$/.exec(word);
  if (match === null) return undefined;
  const [, text = ''] = match;
  // nfs(5): 4 is what the two agree on; here it is the best that is common to all servers of today.
  const version = text === '4' ? '4.1' : text;
  const known = NFS_VERSIONS.find((candidate) => candidate === version);
  if (known !== undefined) return known;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `The mount option ${quote(word)} names a version that this driver does not mount. It mounts ${NFS_VERSIONS.join(', ')}.`,
  );
}

function unknownOption(word: string, key: string): DriverError {
  const known = [...FLAG_GROUPS.flat(), ...Object.keys(VALUES), ...PER_MOUNT, 'nfsvers'];
  const nearest = findNearest(key, known);
  return new DriverError(
    'INVALID_ARGUMENT',
    `The mount option ${quote(word)} is unknown.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} nfs(5) lists those that there are.`,
  );
}
