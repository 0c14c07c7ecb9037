/** What a server guest runs: it mounts its disk, serves it, says so, and then runs what it is asked to. */
import { mkdir } from 'node:fs/promises';
import { answerLine } from '../line-questions.ts';
import { openSerialLine } from '../serial-line.ts';
import { runCommand } from './command.ts';
import { createGuestMachine } from './machine.ts';
import { startNfsServer } from './server.ts';
import { SERVER_DISK as DISK, SERVER_EXPORT as EXPORT } from './server-guest-places.ts';

const machine = await createGuestMachine();
await mkdir(DISK, { recursive: true });
await machine.run(['mount', '-o', 'prjquota', '/dev/ubda', DISK]);
await mkdir(EXPORT, { recursive: true });
await startNfsServer({
  machine,
  exports: [{ name: 'pool', directory: EXPORT, fsid: 1 }],
  stateDirectory: `${DISK}/state`,
});
const program = JSON.parse(process.env['PROGRAM'] ?? '[]') as readonly string[];
if (program.length > 0) machine.start(program, { environment: { EXPORT } });
const serial = openSerialLine((line) => {
  void answerLine(
    line,
    async (argv) => await runCommand(argv),
    (said) => serial.send(said),
  );
});
serial.send('serving');
