import { cp, mkdir, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAgentServiceType, loadCsiServiceTypes } from './proto.ts';
import { findProtoDirectory } from './service-loader.ts';

describe('findProtoDirectory', () => {
  it('finds proto/ beside dist/, from a chunk of the bundle too', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-proto-'));
    await cp(findProtoDirectory(), join(root.path, 'proto'), { recursive: true });
    await mkdir(join(root.path, 'dist', 'chunks'), { recursive: true });

    for (const file of ['dist/stowage.js', 'dist/chunks/rpc.js']) {
      const found = findProtoDirectory(pathToFileURL(join(root.path, file)).href);
      expect(found).toBe(join(root.path, 'proto'));
    }
  });

  it('says where it looked', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-proto-'));

    expect(() => findProtoDirectory(pathToFileURL(join(root.path, 'dist/stowage.js')).href)).toThrow(
      `is in no directory above ${join(root.path, 'dist')}: ship proto/ beside dist/`,
    );
  });
});

describe('loadCsiServiceTypes', () => {
  it('has the services by their names, with the paths that other programs call', () => {
    const types = loadCsiServiceTypes();

    expect(types.Controller.name).toBe('csi.v1.Controller');
    expect(types.Node.definition.NodeStageVolume.path).toBe('/csi.v1.Node/NodeStageVolume');
    expect(Object.keys(types.Identity.definition).sort()).toEqual([
      'GetPluginCapabilities',
      'GetPluginInfo',
      'Probe',
    ]);
  });

  it('decodes messages as the generated types say: camelCase, texts for big numbers and enums, defaults, oneofs', () => {
    const { CreateVolume } = loadCsiServiceTypes().Controller.definition;
    const bytes = CreateVolume.requestSerialize({
      capacityRange: { requiredBytes: '9007199254740993' },
      volumeCapabilities: [{ mount: { fsType: 'xfs' }, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
    });

    expect(CreateVolume.requestDeserialize(bytes)).toEqual({
      name: '',
      capacityRange: { requiredBytes: '9007199254740993', limitBytes: '0' },
      volumeCapabilities: [
        {
          accessType: 'mount',
          mount: { fsType: 'xfs', mountFlags: [], volumeMountGroup: '' },
          accessMode: { mode: 'SINGLE_NODE_WRITER' },
        },
      ],
      parameters: {},
      secrets: {},
      mutableParameters: {},
      volumeContentSource: null,
      accessibilityRequirements: null,
    });
  });
});

describe('loadAgentServiceType', () => {
  it('has the agent by its name, and tells an absent text from an empty one', () => {
    const { name, definition } = loadAgentServiceType();
    const { FindVolume, ListVolumes } = definition;

    expect(name).toBe('stowage.agent.v1.Agent');
    expect(FindVolume.path).toBe('/stowage.agent.v1.Agent/FindVolume');
    const roundTrip = (request: object) =>
      ListVolumes.requestDeserialize(ListVolumes.requestSerialize(request));
    expect(roundTrip({ poolId: 'p' })).toEqual({ poolId: 'p', maxEntries: 0 });
    expect(roundTrip({ startingToken: '' })).toMatchObject({ startingToken: '' });
  });
});
