import { hostpathBackend } from './hostpath/backend.ts';

/** Every backend that there is. To add one: a folder beside this file and a line here. */
export const backends = [hostpathBackend] as const;
