import { hostpathBackend } from './hostpath/backend.ts';
import { nfsBackend } from './nfs/backend.ts';

/** Every backend that there is. To add one: a folder beside this file and a line here. */
export const backends = [hostpathBackend, nfsBackend] as const;
