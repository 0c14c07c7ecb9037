import { DriverError } from '../domain/errors.ts';
import type { BindFlag, MountFlag } from './syscalls/syscalls.ts';

/** Words of mount(8) and what each does to the flags; later words win over earlier ones. */
const FLAG_WORDS: Readonly<Record<string, { readonly sets?: MountFlag; readonly clears?: MountFlag[] }>> = {
  defaults: {},
  ro: { sets: 'ro' },
  rw: { clears: ['ro'] },
  nosuid: { sets: 'nosuid' },
  suid: { clears: ['nosuid'] },
  nodev: { sets: 'nodev' },
  dev: { clears: ['nodev'] },
  noexec: { sets: 'noexec' },
  exec: { clears: ['noexec'] },
  sync: { sets: 'sync' },
  async: { clears: ['sync'] },
  dirsync: { sets: 'dirsync' },
  silent: { sets: 'silent' },
  loud: { clears: ['silent'] },
  noatime: { sets: 'noatime', clears: ['relatime', 'strictatime'] },
  atime: { clears: ['noatime'] },
  relatime: { sets: 'relatime', clears: ['noatime', 'strictatime'] },
  norelatime: { clears: ['relatime'] },
  strictatime: { sets: 'strictatime', clears: ['noatime', 'relatime'] },
  nostrictatime: { clears: ['strictatime'] },
  nodiratime: { sets: 'nodiratime' },
  diratime: { clears: ['nodiratime'] },
  lazytime: { sets: 'lazytime' },
  nolazytime: { clears: ['lazytime'] },
  nosymfollow: { sets: 'nosymfollow' },
  symfollow: { clears: ['nosymfollow'] },
};

/** Notes to mount(8), systemd and the like, which the kernel never sees. */
const IGNORED = /^(auto|noauto|user|nouser|users|owner|group|nofail|_netdev|x-.*|comment=.*)$/;
/** What would make it a mount of another kind, or attach a loop device behind our back. */
const REFUSED =
  /^(remount|bind|rbind|move|r?(shared|slave|private|unbindable)|(loop|offset|sizelimit|helper|encryption)(=.*)?)$/;

export interface ParsedMountOptions {
  readonly flags: readonly MountFlag[];
  /** The words that are the file system's own, joined by commas; undefined when there are none. */
  readonly data: string | undefined;
}

/**
 * Sorts option words into flags of mount(2) and data of the file system, as mount(8) does. A word may hold several,
 * separated by commas outside of double quotes. Throws INVALID_ARGUMENT (DriverError) for words that change what is mounted.
 */
export function parseMountOptions(words: readonly string[]): ParsedMountOptions {
  const flags = new Set<MountFlag>();
  const data: string[] = [];
  for (const word of words.flatMap((text) => splitWords(text))) {
    const known = Object.hasOwn(FLAG_WORDS, word) ? FLAG_WORDS[word] : undefined;
    if (known !== undefined) {
      for (const flag of known.clears ?? []) flags.delete(flag);
      if (known.sets !== undefined) flags.add(known.sets);
    } else if (REFUSED.test(word)) {
      throw new DriverError(
        'INVALID_ARGUMENT',
        `The mount option "${word}" is not allowed, since it changes what is mounted: remove it.`,
      );
    } else if (!IGNORED.test(word)) {
      data.push(word);
    }
  }
  return { flags: [...flags], data: data.length > 0 ? data.join(',') : undefined };
}

function splitWords(text: string): readonly string[] {
  return text.match(/(?:[^,"]|"[^"]*")+/g) ?? [];
}

/** What a caller may ask of a bind mount; `ro` is a matter of its own. */
const BIND_WORDS = [
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
  'relatime',
  'nosymfollow',
] as const satisfies readonly BindFlag[];

/** Checks that words are per-mount flags, the only ones that a bind mount can have. Throws INVALID_ARGUMENT (DriverError). */
export function parseBindOptions(words: readonly string[]): readonly BindFlag[] {
  return words
    .flatMap((text) => splitWords(text))
    .map((word) => {
      const flag = BIND_WORDS.find((candidate) => candidate === word);
      if (flag !== undefined) return flag;
      throw new DriverError(
        'INVALID_ARGUMENT',
        `The mount option "${word}" cannot be set on a bind mount: use only ${BIND_WORDS.join(', ')}.`,
      );
    });
}
