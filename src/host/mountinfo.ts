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
