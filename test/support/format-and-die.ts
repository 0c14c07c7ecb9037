import { createCommands } from '../../src/host/commands.ts';
import { createFilesystems } from '../../src/host/filesystems/index.ts';
import { createFormatter, type FormatRequest, type FormatStep } from '../../src/host/formatter.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import { silentLogger } from '../../src/observability/logger.ts';

// Formats as its arguments say (a FormatRequest as JSON), and is killed right after the step that the second one names.
const [, , json = '', deadlyStep = ''] = process.argv;
const request = JSON.parse(json) as FormatRequest;
const syscalls = createSyscalls();
const formatter = createFormatter({
  filesystems: createFilesystems({ commands: createCommands({ logger: silentLogger }), syscalls }),
  syscalls,
  logger: silentLogger,
  async onStep(step: FormatStep) {
    if (step === deadlyStep) process.kill(process.pid, 'SIGKILL');
    await new Promise((resolve) => setImmediate(resolve));
  },
});
await formatter.ensureFormatted(request, AbortSignal.timeout(30_000));
await syscalls.close();
