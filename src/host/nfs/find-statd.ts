import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { randomInt } from 'node:crypto';

const PORTMAPPER = { port: 111, program: 100_000, version: 2, getPort: 3 } as const;
/** rpc.statd, by which NFS 3 keeps locks over a reboot (rpc(5)). */
const STATD = { program: 100_024, version: 1 } as const;
const UDP = 17;
const ANSWERS_WITHIN_MS = 1_000;

/**
 * Whether rpc.statd runs on this machine: asks the port mapper at 127.0.0.1 for it (RFC 1833, GETPORT over UDP). Without it locks of NFS 3 fail one by one, long after
 * the mount. A port mapper that does not answer has none. Never throws.
 */
export async function findStatd(
  address = '127.0.0.1',
  port: number = PORTMAPPER.port,
  answersWithinMs = ANSWERS_WITHIN_MS,
): Promise<boolean> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const id = randomInt(2 ** 31);
  const timer = setTimeout(resolve, answersWithinMs, false);
  socket.on('error', () => resolve(false));
  socket.on('message', (answer) => {
    if (answer.length >= 4 && answer.readUInt32BE(0) === id) resolve(readPort(answer) !== 0);
  });
  socket.connect(port, address, () => socket.send(toQuestion(id)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** RFC 5531: a call without credentials. */
function toQuestion(id: number): Buffer {
  const { program, version, getPort } = PORTMAPPER;
  const words = [id, 0, 2, program, version, getPort, 0, 0, 0, 0, STATD.program, STATD.version, UDP, 0];
  const question = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) question.writeUInt32BE(word, index * 4);
  return question;
}

/** The port of an accepted answer; 0 of every other. */
function readPort(answer: Buffer): number {
  if (answer.length < 28) return 0;
  const [isAnswer, isDenied, status] = [4, 8, 20].map((at) => answer.readUInt32BE(at));
  return isAnswer === 1 && isDenied === 0 && status === 0 ? answer.readUInt32BE(24) : 0;
}
