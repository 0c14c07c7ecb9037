import { hashName, randomId } from '../base/ids.ts';
import type { ObjectId } from '../domain/ids.ts';

/** What is built in staging/: an object, or the lease of a record. */
export type StagedKind = ObjectId['kind'] | 'lease';

export interface StagingName {
  readonly kind: string;
  /** Eight characters that say which node. */
  readonly owner: string;
  /** What it will be called, where that is decided. */
  readonly hash: string | undefined;
}

/** Name of a directory in staging/ that the next start of this node sweeps: `<kind>.<owner>.<nonce>`, and `.<hash>` of what is made, so that others see that it is being made. */
export function toStagingName(
  kind: StagedKind,
  nodeName: string,
  { nonce = randomId(26), hash }: { readonly nonce?: string; readonly hash?: string } = {},
): string {
  return [kind, toOwner(nodeName), nonce, ...(hash === undefined ? [] : [hash])].join('.');
}

/** What a name in staging/ says; of a foreign one the parts are empty. */
export function parseStagingName(name: string): StagingName {
  const [kind = '', owner = '', , hash] = name.split('.');
  return { kind, owner, hash };
}

/** How a node is called in these names. */
export function toOwner(nodeName: string): string {
  return hashName(nodeName).slice(0, 8);
}
