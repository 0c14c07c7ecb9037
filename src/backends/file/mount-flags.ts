/** Words that hold for one mount and not for the whole file system: what a bind mount can have. */
const PER_MOUNT_FLAGS = ['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime'] as const;

/** Words that ask for what is so anyway, or that say what the publish call says: `ro`, see {@link asksReadOnly}. */
const IDLE_FLAGS = ['rw', 'ro', 'defaults', 'suid', 'dev', 'exec', 'async', 'diratime'] as const;

/** The words of `flags` that a bind mount can have, each once, in a fixed order. */
export function toBindFlags(flags: readonly string[]): readonly string[] {
  const words = splitWords(flags);
  return PER_MOUNT_FLAGS.filter((word) => words.includes(word));
}

/** The first word that a bind mount cannot honour; undefined when there is none. */
export function findUnbindableFlag(flags: readonly string[]): string | undefined {
  const known: readonly string[] = [...PER_MOUNT_FLAGS, ...IDLE_FLAGS];
  return splitWords(flags).find((word) => !known.includes(word));
}

/** The words of `flags` that a new file system mount is given: all but those that say nothing or that publishing decides. */
export function toMountFlags(flags: readonly string[]): readonly string[] {
  const idle: readonly string[] = IDLE_FLAGS;
  return [...new Set(splitWords(flags).filter((word) => !idle.includes(word)))];
}

/** Whether `ro` is asked for, and not taken back by a later `rw`. */
export function asksReadOnly(flags: readonly string[]): boolean {
  const words = splitWords(flags);
  return words.lastIndexOf('ro') > words.lastIndexOf('rw');
}

/**
 * The first per-mount word in which a mount differs from what is asked; undefined when they agree. Only per-mount words are
 * compared: the kernel does not show a file system's option that equals its default, so an absent one proves nothing.
 * `relatime` is the default of mounts, so it is left out as well.
 */
export function findFlagDifference(mounted: readonly string[], asked: readonly string[]): string | undefined {
  const words = splitWords(asked);
  return PER_MOUNT_FLAGS.find(
    (word) => word !== 'relatime' && mounted.includes(word) !== words.includes(word),
  );
}

/** One entry may hold several words; commas inside quotes (an SELinux context) belong to a word. */
function splitWords(flags: readonly string[]): readonly string[] {
  return flags.flatMap((text) => text.match(/(?:[^,"]|"[^"]*")+/g) ?? []);
}
