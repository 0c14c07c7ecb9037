import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const DEVICE = '/dev/ttyS0';

/** The line from a guest to what has booted it. Disposing stops reading. */
export interface SerialLine extends Disposable {
  /** Has left the guest when it returns. */
  send(line: string): void;
}

/** Opens it in a guest; one at a time, since each line is read once. */
export function openSerialLine(onLine: (line: string) => void): SerialLine {
  const descriptor = openSync(DEVICE, 'w');
  // A read that waits would keep a thread of this process, and its end.
  const reader = spawn('cat', [DEVICE], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: reader.stdout }).on('line', onLine);
  return {
    send(line) {
      const bytes = Buffer.from(`${line}\n`);
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    },
    [Symbol.dispose]() {
      reader.kill('SIGKILL');
      closeSync(descriptor);
    },
  };
}
