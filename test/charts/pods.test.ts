import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, render } from '../support/helm.ts';
import { VARIANTS } from './variants.ts';

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() }).loose()).optional(),
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
        dnsPolicy: z.string().optional(),
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

  it('have no two containers on one port', () => {
    for (const kind of ['StatefulSet', 'DaemonSet']) {
      const { containers } = getWorkload(objects, kind).spec.template.spec;
      const ports = containers.flatMap((container) => container.ports ?? []);

      expect(new Set(ports.map(({ containerPort }) => containerPort)).size).toBe(ports.length);
      // Kubernetes takes no longer names.
      expect(ports.filter(({ name }) => name.length > 15)).toEqual([]);
    }
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

  it('tell the kubelet where the socket of each driver is on the host', () => {
    const { spec } = getWorkload(objects, 'DaemonSet').spec.template;
    const registrars = spec.containers.filter(({ name }) => name.startsWith('node-driver-registrar'));

    expect(registrars.length).toBe(objects.filter(({ kind }) => kind === 'CSIDriver').length);
    for (const { args, volumeMounts } of registrars) {
      const socket = volumeMounts.find(({ mountPath }) => mountPath.startsWith('/csi/'));
      const path = spec.volumes.find(({ name }) => name === socket?.name)?.hostPath?.path;
      expect(args).toContain(`--csi-address=${socket?.mountPath}/csi.sock`);
      expect(args).toContain(`--kubelet-registration-path=${path}/csi.sock`);
    }
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

describe('mounts of exports', () => {
  it('are shared both ways with the host, and by no other mount of a container', async () => {
    const { spec } = getWorkload(await render(VARIANTS['nfs']), 'DaemonSet').spec.template;
    const mountDirectory = '/var/lib/kubelet/plugins/nfs.stowage.dev/mounts';

    const above = spec.containers.flatMap(({ name, volumeMounts }) =>
      volumeMounts
        .map(({ name: volume, mountPropagation }) => ({
          name,
          mountPropagation,
          path: spec.volumes.find((each) => each.name === volume)?.hostPath?.path,
        }))
        .filter(({ path }) => path !== undefined && `${mountDirectory}/`.startsWith(`${path}/`)),
    );

    // A container that had them otherwise would keep them, and their server's file system in use, until it ends.
    expect(above).toEqual([{ name: 'stowage', mountPropagation: 'Bidirectional', path: '/var/lib/kubelet' }]);
  });

  it('find servers by names of the cluster, unless the values say otherwise', async () => {
    const policies = await Promise.all(
      ['default', 'nfs', 'both'].map(
        async (name) => getWorkload(await render(VARIANTS[name]), 'DaemonSet').spec.template.spec.dnsPolicy,
      ),
    );

    expect(policies).toEqual(['Default', 'ClusterFirstWithHostNet', 'Default']);
  });

  it('have the directories that nodes export, and those that others mount on nodes, and none of other servers', async () => {
    const list = async (name: string): Promise<readonly unknown[]> =>
      getWorkload(await render(VARIANTS[name]), 'DaemonSet')
        .spec.template.spec.volumes.filter((volume) => volume.name.startsWith('pool-'))
        .map(({ hostPath }) => hostPath?.path);

    expect(await list('nfs')).toEqual([]);
    expect(await list('both')).toEqual(['/mnt/ceph', '/srv/stowage']);
  });
});

describe('the CSIDriver of NFS', () => {
  it('has the kubelet neither attach volumes nor go through them', async () => {
    const driver = (await render(VARIANTS['nfs'])).find(({ kind }) => kind === 'CSIDriver');

    expect(driver).toMatchObject({
      metadata: { name: 'nfs.stowage.dev' },
      spec: { attachRequired: false, fsGroupPolicy: 'None', storageCapacity: false },
    });
  });

  it('has a provisioner that knows of no topology, and publishes no capacity', async () => {
    const { containers } = getWorkload(await render(VARIANTS['both']), 'StatefulSet').spec.template.spec;

    const flags = (name: string): string => getContainer(containers, name).args.join(' ');
    expect(flags('csi-provisioner')).toMatch(/--strict-topology .*--enable-capacity/);
    expect(flags('csi-provisioner-nfs')).not.toMatch(/topology|capacity/);
  });
});
