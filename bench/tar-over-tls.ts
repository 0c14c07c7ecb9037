import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../test/support/free-port.ts';
import { createTestAuthority } from '../test/support/tls.ts';

const LISTENS_WITHIN_MS = 20_000;
// -nbio: a read that blocks would wait for data that the other side never sends.
const TLS = '-quiet -nbio -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256';
const SEND = `tar -c -C "$SOURCE" . | timeout 300 openssl s_server ${TLS} -accept "127.0.0.1:$PORT" -naccept 1 -cert "$CERTIFICATE" -key "$KEY"`;
const RECEIVE = `timeout 300 openssl s_client ${TLS} -connect "127.0.0.1:$PORT" 2>/dev/null | tar -x -C "$TARGET" && sync -f "$TARGET"`;

/**
 * The usual way to bring a directory to another machine by a connection that is encrypted: tar into openssl s_server, openssl s_client into tar, and what arrived is on the
 * disk in the end. Returns how long it took, in milliseconds. `scratch` is for keys; it is removed.
 */
export async function sendByTar(source: string, target: string, scratch: string): Promise<number> {
  await mkdir(scratch, { recursive: true });
  await mkdir(target, { recursive: true });
  const authority = await createTestAuthority();
  const { certificate, key } = await authority.issue('bench.stowage.internal');
  const port = await findFreePort();
  const files = { CERTIFICATE: join(scratch, 'tls.crt'), KEY: join(scratch, 'tls.key') };
  await writeFile(files.CERTIFICATE, certificate);
  await writeFile(files.KEY, key, { mode: 0o600 });

  const sending = start(SEND, { ...files, SOURCE: source, PORT: String(port) });
  await untilListening(port);
  const startedAt = performance.now();
  await end(start(RECEIVE, { TARGET: target, PORT: String(port) }));
  const ms = performance.now() - startedAt;
  await end(sending);
  await rm(scratch, { recursive: true, force: true });
  return ms;
}

/** With an input that stays open: openssl ends with it. */
function start(script: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn('sh', ['-c', script], {
    env: { ...env, PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  const code = child.exitCode ?? Number((await once(child, 'exit'))[0]);
  child.stdin?.destroy();
  if (code !== 0) throw new Error(`${child.spawnargs.at(-1) ?? ''} ended with ${code}`);
}

/** A connection would be the one that it accepts: the kernel's list tells. */
async function untilListening(port: number): Promise<void> {
  const giveUpAt = performance.now() + LISTENS_WITHIN_MS;
  const entry = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  while (!(await readFile('/proc/net/tcp', 'utf8')).includes(entry)) {
    if (performance.now() > giveUpAt) throw new Error(`nothing listens on port ${port}`);
    await sleep(20);
  }
}
