import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeBadInput } from '../support/csi-bad-input.ts';
import { startFakeServer } from '../support/csi-fake-server.ts';
import { listStringFields } from '../support/csi-string-fields.ts';

describeBadInput('the services over the fake backend', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-bad-input-'));
  const outsidePath = join(directory, 'outside');
  await writeFile(outsidePath, 'not yours\n');
  const server = await startFakeServer();
  return {
    clients: server.clients,
    directory,
    parameters: { pool: 'main' },
    sizeBytes: 2 ** 20,
    outsidePath,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

describe('the walk through csi.proto', () => {
  it('finds strings at every depth', () => {
    const labels = listStringFields().map(({ method, label }) => `${method} ${label}`);

    expect(labels).toEqual(
      expect.arrayContaining([
        'CreateVolume name',
        'CreateVolume parameters{key}',
        'CreateVolume secrets{value}',
        'CreateVolume volumeCapabilities[].mount.mountFlags[]',
        'CreateVolume volumeContentSource.snapshot.snapshotId',
        'CreateVolume accessibilityRequirements.preferred[].segments{value}',
        'NodePublishVolume volumeCapability.mount.fsType',
        'ControllerListVolumeHealth startingToken',
      ]),
    );
    expect(labels.length).toBeGreaterThan(100);
  });
});
