import { once } from 'node:events';
import { killGroup, spawnGroup } from './process-group.ts';

const SCRIPT = `set -e
ip link add guests type bridge
ip link set guests up
for tap; do ip tuntap add "$tap" mode tap; ip link set "$tap" master guests up; done
echo ready
exec sleep infinity`;

/** What a guest needs to know of its network device. */
export interface GuestPort {
  /** A process in the network namespace of the device. */
  readonly pid: number;
  /** The name of the tap there. */
  readonly tap: string;
}

/** A wire between guests that nothing else is connected to. Disposing takes it away; so does the end of this process. */
export interface GuestNetwork extends AsyncDisposable {
  /** For one guest at a time each. */
  readonly ports: readonly GuestPort[];
}

/** Makes a network namespace with a bridge and this many taps. Throws when this is not root, or there is no /dev/net/tun. */
export async function createGuestNetwork(count: number): Promise<GuestNetwork> {
  const taps = Array.from({ length: count }, (_, index) => `tap${index}`);
  const child = spawnGroup(['unshare', '--net', 'sh', '-c', SCRIPT, 'sh', ...taps]);
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) throw new Error('Cannot start unshare.');
  let said = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const isReady = await Promise.race([
    once(stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
  ]);
  const dispose = async (): Promise<void> => {
    await killGroup(pid);
    child.stdio[3]?.destroy();
  };
  if (!isReady) {
    await dispose();
    throw new Error(`No network for guests could be made: ${said}`);
  }
  return { ports: taps.map((tap) => ({ pid, tap })), [Symbol.asyncDispose]: dispose };
}
