import { isIP } from 'node:net';

/** An export as mount(8) names it: `nfs1:/srv`, `[fd00::1]:/srv`. */
export function toNfsSource({
  server,
  export: path,
}: {
  readonly server: string;
  readonly export: string;
}): string {
  return isIP(server) === 6 ? `[${server}]:${path}` : `${server}:${path}`;
}
