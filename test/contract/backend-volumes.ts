import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  CreateSnapshotOptions,
  CreateVolumeOptions,
  PublishOptions,
  StageOptions,
} from '../../src/backends/backend.ts';
import type { AccessMode } from '../../src/domain/access.ts';
import { isDriverError } from '../../src/domain/errors.ts';
import type { Volume } from '../../src/domain/volume.ts';
import type { BackendFixture, BackendVariant } from './backend.ts';

/** A signal for one test's calls. */
export const signal = AbortSignal.timeout(600_000);
/** Longer than anybody else on the machine keeps a device busy in passing. */
const PENDING_FOR_MS = 60_000;

/** Ids that this driver did not give out, in every way in which one can be wrong. */
export const FOREIGN_IDS: readonly string[] = [
  'x',
  'fake-vol-id',
  '../../etc/passwd',
  '/etc/passwd',
  'a\0b',
  'ü'.repeat(100),
  'x'.repeat(10_000),
  'abcdefgh-abcdefghijklmnopqrstuvwxyz-abcdefgh',
  'sabcdefgh-abcdefghijklmnopqrstuvwxyz-abcdefgh',
];

/** CreateVolume as the provisioner sends it. */
export function toCreateOptions(
  { access, parameters, sizeBytes }: BackendVariant,
  overrides: Partial<CreateVolumeOptions> = {},
): CreateVolumeOptions {
  return {
    name: `pvc-${randomUUID()}`,
    range: { requiredBytes: sizeBytes, limitBytes: undefined },
    capabilities: [{ access, mode: 'SINGLE_NODE_MULTI_WRITER' }],
    parameters,
    source: undefined,
    topology: undefined,
    ...overrides,
  };
}

/** CreateSnapshot as the snapshotter sends it. */
export function toSnapshotOptions(name: string, sourceVolumeId: string): CreateSnapshotOptions {
  return { name, sourceVolumeId, parameters: {}, topology: undefined };
}

/** Node calls for one volume at paths of its own. */
export interface Calls {
  readonly stage: StageOptions;
  readonly publish: PublishOptions;
}

/** What kubelet sends for a volume; makes the directories that kubelet makes. */
export async function toCalls(
  directory: string,
  volume: Volume,
  { access }: BackendVariant,
  mode: AccessMode = 'SINGLE_NODE_MULTI_WRITER',
): Promise<Calls> {
  const base = join(directory, randomUUID());
  const stagingPath = join(base, 'staging');
  await mkdir(stagingPath, { recursive: true });
  const stage = { volumeId: volume.id, stagingPath, capability: { access, mode }, context: volume.context };
  return { stage, publish: { ...stage, targetPath: join(base, 'target'), readOnly: false } };
}

/** Takes a volume down and deletes it, as kubelet and the provisioner would: again while it is pending. */
export async function takeDown(
  { node, controller }: Pick<BackendFixture, 'node' | 'controller'>,
  { publish }: Calls,
): Promise<void> {
  await node.unpublish(publish, signal);
  await untilDone(() => node.unstage(publish, signal));
  await untilDone(() => controller.deleteVolume(publish, signal));
}

/** Repeats a call while its answer is that the work goes on. */
export async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PENDING_FOR_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isDriverError(error, 'OPERATION_PENDING') || performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
