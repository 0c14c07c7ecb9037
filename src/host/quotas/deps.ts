import type { Trees } from '../host.ts';
import type { Syscalls } from '../syscalls/syscalls.ts';

/** What every kind of quota is built from. */
export interface QuotaDeps {
  readonly syscalls: Syscalls;
  readonly trees: Trees;
}
