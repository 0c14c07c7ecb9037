import { openSync, writeSync } from 'node:fs';
import type { Call, Driver } from './driver.ts';
import type { Answer, Line, Operation } from './journal.ts';

/** Says lines to the host; each has left the guest when `say` returns. */
export type Say = (line: Line) => void;

/** The serial line, whose other end is outside of the machine that loses its power. */
export function openSerial(): Say {
  const serial = openSync('/dev/ttyS0', 'w');
  return (line) => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let done = 0; done < bytes.length; ) done += writeSync(serial, bytes, done);
  };
}

/** Does operations and keeps the journal of them. */
export interface Recorder {
  /** Makes a call to the server. */
  call(operation: Call): Promise<Answer>;
  /** Writes a file by `work`. */
  write(operation: Extract<Operation, { kind: 'write' }>, work: () => Promise<void>): Promise<void>;
}

/** Makes a recorder whose calls are told apart from those of other boots. */
export function createRecorder(say: Say, driver: Driver, boot: number): Recorder {
  let count = 0;
  async function record(operation: Operation, work: () => Promise<Answer>): Promise<Answer> {
    count += 1;
    const call = `${boot}.${count}`;
    say({ say: 'asked', call, operation });
    const answer = await work();
    say({ say: 'answered', call, answer });
    return answer;
  }
  return {
    call: (operation) => record(operation, () => driver.call(operation)),
    async write(operation, work) {
      await record(operation, () => work().then(() => ({})));
    },
  };
}
