/** Preloaded into the server, takes the effect of fsync away: what a power cut then leaves is what the suite is there to find. */
import { open } from 'node:fs/promises';

await using handle = await open('/dev/null');
const prototype = Object.getPrototypeOf(handle) as {
  sync: () => Promise<void>;
  datasync: () => Promise<void>;
};
prototype.sync = async () => undefined;
prototype.datasync = async () => undefined;
