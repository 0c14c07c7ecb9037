/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), unescaped. */
export interface MountEntry {
  readonly mountId: number;
  readonly parentId: number;
  /** `major:minor` of the superblock's device. */
  readonly majorMinor: string;
  /** Which directory of the file system is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  /** Per-mount options: `ro`, `noatime` … */
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Per-superblock options. */
  readonly superOptions: readonly string[];
}

/** Before the optional fields: mount id, parent id, device, root, mount point, options. */
const LEADING_FIELDS = 6;

/**
 * Parses /proc/PID/mountinfo, in its order: a later entry at the same mount point lies on top. The root of a mount whose
 * directory was removed ends in `//deleted`, as the kernel writes it. Throws on a line that is none.
 */
export function parseMountInfo(text: string): readonly MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseLine(line));
}

function parseLine(line: string): MountEntry {
  const fields = line.split(' ');
  // Any number of optional fields (`shared:1`) lies between the options and the separator.
  const separator = fields.indexOf('-', LEADING_FIELDS);
  const [mountId, parentId, majorMinor, root, mountPoint, options] = fields;
  const [fsType, source, superOptions] = separator < 0 ? [] : fields.slice(separator + 1);
  if (majorMinor === undefined || root === undefined || mountPoint === undefined || fsType === undefined) {
    throw new Error(`This is not a line of mountinfo: ${JSON.stringify(line)}`);
  }
  return {
    mountId: Number(mountId),
    parentId: Number(parentId),
    majorMinor,
    root: unescape(root),
    mountPoint: unescape(mountPoint),
    options: splitOptions(options),
    fsType: unescape(fsType),
    source: unescape(source ?? ''),
    superOptions: splitOptions(superOptions),
  };
}

function splitOptions(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split(',').map((option) => unescape(option));
}

/** The kernel writes space, tab, newline, backslash and some others as a backslash and three octal digits. */
function unescape(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
