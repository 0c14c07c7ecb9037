import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';

/** CSI's limit for all flags of a capability together. */
const MAX_TOTAL_BYTES = 4096;

/** Why an option is refused, by its name (what stands before `=`). Whatever is not here goes to the mount as it is. */
const REFUSED: Readonly<Record<string, string>> = {
  ...because('it changes what is mounted, and where', [
    'bind',
    'rbind',
    'rec',
    'move',
    'remount',
    'beneath',
    'source',
    'loop',
    'offset',
    'sizelimit',
    'encryption',
    'subvol',
    'subvolid',
    'subdir',
    'root',
  ]),
  ...because('it changes how mounts reach other namespaces, which kubelet decides', [
    'shared',
    'rshared',
    'private',
    'rprivate',
    'slave',
    'rslave',
    'unbindable',
    'runbindable',
  ]),
  ...because('it brings in a second device or directory', [
    'device',
    'logdev',
    'rtdev',
    'journal_dev',
    'journal_path',
    'jdev',
    'lowerdir',
    'upperdir',
    'workdir',
    'usrjquota',
    'grpjquota',
  ]),
  ...because('labels are for the pod security context to set', [
    'context',
    'fscontext',
    'defcontext',
    'rootcontext',
  ]),
  ...because('it is an instruction to mount(8), which this driver does not run', [
    'helper',
    'uhelper',
    'user',
    'users',
    'owner',
    'group',
    'nouser',
    'auto',
    'noauto',
    'nofail',
    '_netdev',
    'comment',
    'verity',
  ]),
};

/** What options of ext4, xfs and btrfs look like. None of those that are not refused below takes a path. */
const WORD = /^[a-z0-9_][a-z0-9_.-]*(=[\x21-\x2e\x30-\x7e]*)?$/i;

/** Options that are harmless as such, but not with this value. */
const REFUSED_VALUES: Readonly<Record<string, string>> = {
  'errors=panic': 'it lets a fault of one volume stop the whole node',
  'fatal_errors=panic': 'it lets a fault of one volume stop the whole node',
};

/**
 * Mount flags of a capability as single words. One flag may hold several words with commas between, as people write them in a
 * StorageClass. Throws INVALID_ARGUMENT for words that would redirect the mount or reach beyond the volume.
 */
export function parseMountFlags(flags: readonly string[], field: string): readonly string[] {
  const bytes = flags.reduce((sum, flag) => sum + Buffer.byteLength(flag), 0);
  if (bytes > MAX_TOTAL_BYTES)
    throw new DriverError(
      'INVALID_ARGUMENT',
      `${field} has ${bytes} bytes; CSI allows ${MAX_TOTAL_BYTES} for all flags together.`,
    );
  const words = flags.flatMap((flag) => flag.split(','));
  for (const word of words) {
    const why = findReason(word);
    if (why !== undefined)
      throw new DriverError(
        'INVALID_ARGUMENT',
        `${field} has ${quote(word)}, which this driver refuses: ${why}. Take it out of mountOptions.`,
      );
  }
  return words;
}

function findReason(word: string): string | undefined {
  if (!WORD.test(word)) return 'an option is a plain word, or word=value where the value is not a path';
  const lower = word.toLowerCase();
  const name = lower.split('=', 1)[0] ?? '';
  if (name.startsWith('x-')) return REFUSED['helper'];
  return Object.hasOwn(REFUSED_VALUES, lower) ? REFUSED_VALUES[lower] : findRefused(name);
}

function findRefused(name: string): string | undefined {
  return Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
}

function because(why: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, why]));
}
