import { withoutUndefined } from '../../base/defined.ts';
import type { VolumeOwner__Output } from '../../gen/stowage/agent/v1/VolumeOwner.ts';
import { toOptionalNumber } from './parse.ts';

/** Owner and bits as far as they were asked; nothing in a message means that nothing was. */
export function toOwner(message: VolumeOwner__Output | null): {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
} {
  return withoutUndefined({
    uid: toOptionalNumber(message?.uid),
    gid: toOptionalNumber(message?.gid),
    mode: toOptionalNumber(message?.mode),
  });
}
