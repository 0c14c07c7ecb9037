import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTENT_PROTOCOL, FRAME_TYPES, MAX_PAYLOAD_BYTES } from '../../src/agent/content-wire.ts';
import { createFrameConnection, type Frame, type FrameConnection } from '../../src/rpc/frames.ts';
import type { StreamConnection } from '../../src/rpc/stream.ts';
import { AGENT_TLS_NAME, type TlsMaterial } from '../../src/rpc/tls.ts';
import { connectStream } from '../../src/rpc/tls-stream.ts';
import { createTestTls } from './tls.ts';

/** The files of a directory as programs are given it. */
export async function readTls(directory: string): Promise<TlsMaterial> {
  const read = async (name: string): Promise<string> => await readFile(join(directory, name), 'utf8');
  return { ca: await read('ca.crt'), certificate: await read('tls.crt'), key: await read('tls.key') };
}

/** Whoever has the certificate of an agent and says to another agent what a test wants. */
export interface ContentPeer extends Disposable {
  readonly connection: StreamConnection;
  readonly frames: FrameConnection;
  /** Says something, and waits for the next frame that is more than a sign of life; undefined when there is none any more. */
  ask(type: keyof typeof FRAME_TYPES, text: object): Promise<Frame | undefined>;
  next(): Promise<Frame | undefined>;
}

/** Connects to the content port of an agent. Disposing it breaks the connection. */
export async function connectPeer(address: string, material: TlsMaterial): Promise<ContentPeer> {
  const target = { address, serverName: AGENT_TLS_NAME, protocol: CONTENT_PROTOCOL };
  const connection = await connectStream(target, createTestTls(material), AbortSignal.timeout(60_000));
  const frames = createFrameConnection(connection, {
    maxPayloadBytes: MAX_PAYLOAD_BYTES,
    silenceMs: 60_000,
  });
  const next = async (): Promise<Frame | undefined> => {
    for (;;) {
      const frame = await frames.receive();
      if (frame?.type !== FRAME_TYPES.waiting) return frame;
    }
  };
  return {
    connection,
    frames,
    next,
    async ask(type, text) {
      await frames.send(FRAME_TYPES[type], Buffer.from(JSON.stringify(text)));
      return await next();
    },
    [Symbol.dispose]: () => frames[Symbol.dispose](),
  };
}
