import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, render } from '../support/helm.ts';
import { VARIANTS } from './variants.ts';

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.looseObject({
    privileged: z.boolean().optional(),
    allowPrivilegeEscalation: z.boolean().optional(),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.array(z.string()) }).optional(),
  }),
  volumeMounts: z.array(
    z.object({
      name: z.string(),
      mountPath: z.string(),
      mountPropagation: z.string().optional(),
      readOnly: z.boolean().optional(),
    }),
  ),
});
type Container = z.infer<typeof Container>;

const Workload = z.looseObject({
  kind: z.string(),
  spec: z.looseObject({
    replicas: z.number().optional(),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.array(Container),
        priorityClassName: z.string(),
        hostNetwork: z.boolean().optional(),
        automountServiceAccountToken: z.boolean(),
        securityContext: z.looseObject({ seccompProfile: z.object({ type: z.string() }) }),
        volumes: z.array(
          z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).optional() }),
        ),
      }),
    }),
  }),
});

function getWorkload(objects: readonly KubernetesObject[], kind: string) {
  return Workload.parse(objects.find((object) => object.kind === kind));
}

function getContainer(containers: readonly Container[], name: string): Container {
  return Container.parse(containers.find((container) => container.name === name));
}

describe.each(Object.entries(VARIANTS))('pods of the variant %s', (_name, options) => {
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await render(options);
  });

  it('have images of a fixed version, limits, and a root that is read-only', () => {
    for (const kind of ['StatefulSet', 'DaemonSet']) {
      for (const { image } of getWorkload(objects, kind).spec.template.spec.containers) {
        expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
      }
    }
  });

  it('have a controller without any privilege', () => {
    const { spec } = getWorkload(objects, 'StatefulSet').spec.template;

    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.hostNetwork).toBeUndefined();
    expect(spec.volumes.filter((volume) => volume.hostPath !== undefined)).toEqual([]);
    for (const { securityContext } of spec.containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(securityContext.privileged).toBeUndefined();
    }
  });

  it('have a node whose driver alone is privileged, and that cannot talk to the API', () => {
    const { spec } = getWorkload(objects, 'DaemonSet').spec.template;

    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
    });
    const privileged = spec.containers.filter(({ securityContext }) => securityContext.privileged === true);
    expect(privileged.map(({ name }) => name)).toEqual(['stowage']);
  });

  it('start anew when the configuration changes', async () => {
    const values = { ...options.values, log: { level: 'debug' } };
    const changed = await render({ ...options, values });

    for (const kind of ['StatefulSet', 'DaemonSet']) {
      const checksum = (of: readonly KubernetesObject[]) =>
        getWorkload(of, kind).spec.template.metadata.annotations['checksum/config'];
      expect(checksum(changed)).not.toBe(checksum(objects));
    }
  });

  it('have a node that starts before its certificates are made, and then has the kubelet look for them', () => {
    const { volumes, containers } = getWorkload(objects, 'DaemonSet').spec.template.spec;

    expect(volumes.find(({ name }) => name === 'tls')).toMatchObject({ secret: { optional: true } });
    // A startup probe that succeeds has the kubelet mount again (docs/adr/0015).
    expect(getContainer(containers, 'stowage')).toMatchObject({ startupProbe: { periodSeconds: 2 } });
  });

  it('tell the kubelet where the socket of the driver is on the host', () => {
    const { spec } = getWorkload(objects, 'DaemonSet').spec.template;
    const path = spec.volumes.find(({ name }) => name === 'socket')?.hostPath?.path;

    expect(getContainer(spec.containers, 'node-driver-registrar').args).toContain(
      `--kubelet-registration-path=${path}/csi.sock`,
    );
  });
});

describe('directories of the host', () => {
  it('are made for the files that hold pools, also below the state directory', async () => {
    const backing = { type: 'file', path: '/var/lib/stowage/files/default.img', size: '1Gi' };
    const pools = [{ name: 'default', path: '/var/lib/stowage/pools/default', backing }];
    const objects = await render({ values: { drivers: { hostpath: { pools } } } });
    const { spec } = getWorkload(objects, 'DaemonSet').spec.template;

    expect(spec.volumes).toContainEqual({
      name: 'pool-0',
      hostPath: { path: '/var/lib/stowage/files', type: 'DirectoryOrCreate' },
    });
  });

  it('are where the disk of a pool is to be mounted, so that it is seen also when it is mounted later', async () => {
    const backing = { type: 'none', mountPoint: '/srv/bulk/' };
    const pools = ['default', 'more'].map((name) => ({ name, path: `/srv/bulk/${name}`, backing }));
    const objects = await render({ values: { drivers: { hostpath: { pools } } } });
    const { spec } = getWorkload(objects, 'DaemonSet').spec.template;

    const directories = spec.volumes.filter(({ name }) => name.startsWith('pool-'));
    expect(directories).toEqual([
      { name: 'pool-0', hostPath: { path: '/srv/bulk', type: 'DirectoryOrCreate' } },
    ]);
  });

  it('are the kubelet, shared both ways, and those of pools, which follow the host', async () => {
    const { spec } = getWorkload(await render(VARIANTS['disks']), 'DaemonSet').spec.template;

    const mounts = getContainer(spec.containers, 'stowage').volumeMounts;

    const listed = mounts.map(({ mountPath, mountPropagation }) => [mountPath, mountPropagation]);
    expect(Object.fromEntries(listed)).toEqual({
      '/csi/hostpath': undefined,
      '/etc/stowage/config': undefined,
      '/etc/stowage/tls': undefined,
      '/var/lib/kubelet': 'Bidirectional',
      '/dev': undefined,
      '/run/stowage': undefined,
      '/var/lib/stowage': 'HostToContainer',
      // The pools `fast` share one, and `spare` is below the state directory, its file is not.
      '/mnt/fast': 'HostToContainer',
      '/srv/volumes': 'HostToContainer',
      '/srv/volumes-of-spare': 'HostToContainer',
    });
  });
});
