import * as z from 'zod';
import {
  DriverName,
  ENDPOINTS_MESSAGE,
  hasEndpoints,
  LowWaterPercent,
  Overcommit,
  PoolName,
} from '../../config/driver-schema.ts';
import { AbsolutePath, endpointShape } from '../../config/schema.ts';
import { isDriverError } from '../../domain/errors.ts';
import { NFS_VERSIONS, parseNfsOptions } from '../../config/nfs-options.ts';

/** A directory without `..` and empty parts. */
const CleanPath = AbsolutePath.refine(
  (path) =>
    path === '/' ||
    path
      .split('/')
      .slice(1)
      .every((part) => part !== '' && part !== '.' && part !== '..'),
  'must not contain "..", ".", "//" or end in "/"',
);

const MountOptions = z
  .array(z.string().min(1))
  .superRefine((words, context) => {
    try {
      parseNfsOptions(words);
    } catch (error) {
      if (!isDriverError(error, 'INVALID_ARGUMENT')) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  })
  .default([]);

const same = {
  name: PoolName,
  overcommit: Overcommit,
  lowWaterPercent: LowWaterPercent,
  staticPaths: z.array(CleanPath).default([]).meta({
    description:
      'Directories of the export that PersistentVolumes may name as their `path`, each with what lies below it. Default: none.',
  }),
} as const;

/** Without one, what is there is taken. The root is mounted always, and what is mounted beside a pool says nothing of it. */
function isOnMountPoint({
  path,
  mountPoint,
}: {
  readonly path: string;
  readonly mountPoint?: string | undefined;
}): boolean {
  if (mountPoint === undefined) return true;
  return mountPoint !== '/' && (path === mountPoint || path.startsWith(`${mountPoint}/`));
}

const STRAY_MOUNT_POINT = {
  path: ['mountPoint'],
  message: 'must be the path or a directory above it, and not the root, which is always mounted',
};

/** An agent on the server itself. */
const ServerAgent = z
  .strictObject({
    node: z.string().min(1).max(63).meta({
      description:
        'The node name of the agent that runs on the server (`stowage agent`). Controllers reach it by controller.agents.static.',
    }),
    path: CleanPath.meta({ description: 'Where the exported directory is on the server itself.' }),
    mountPoint: CleanPath.optional().meta({
      description:
        'Where a whole file system has to be mounted on the server: the path or a directory above it. Until it is, the pool waits. Default: what is there is taken.',
    }),
  })
  .refine(isOnMountPoint, STRAY_MOUNT_POINT);

const ExportPool = z
  .strictObject({
    type: z.literal('nfs'),
    ...same,
    server: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9a-fA-F:.]+(%[\w.-]+)?$/,
        'must be a name or an address; IPv6 without brackets',
      )
      .meta({
        form: 'name or address',
        description:
          'Name or address of the NFS server. May change: volumes are mounted from the new one the next time that they are mounted.',
      }),
    export: CleanPath.meta({ description: 'The exported directory, as the server names it.' }),
    nfsVersions: z.array(z.enum(NFS_VERSIONS)).min(1).default(['4.2']).meta({
      description:
        'Versions for the mount that agents work on, the first that the server has. Pods get 4.2 unless their StorageClass allows others.',
    }),
    mountOptions: MountOptions.meta({
      description:
        'Options of nfs(5) for the mounts of pods; those of a StorageClass win. Default: those of the kernel, which is `hard`.',
    }),
    managementOptions: MountOptions.meta({
      description: 'More options of nfs(5) for the mount that agents work on.',
    }),
    agent: ServerAgent.optional().meta({
      description:
        'An agent on the server, which makes sizes real and snapshots instant. Left out: agents of the nodes work on the export, and sizes are not enforced.',
    }),
  })
  .meta({ description: 'An export of an NFS server.' });

const SharedPool = z
  .strictObject({
    type: z.literal('shared'),
    ...same,
    path: CleanPath.meta({ description: 'Where it is mounted, the same on every node.' }),
    mountPoint: CleanPath.optional().meta({
      description:
        'Where a file system has to be mounted: the path or a directory above it. Default: what is there is taken, if it holds the pool.',
    }),
  })
  .refine(isOnMountPoint, STRAY_MOUNT_POINT)
  .meta({ description: 'A file system that somebody else mounts on every node: CephFS, Gluster, Lustre.' });

/** One pool that all nodes reach. */
export const NfsPool = z.discriminatedUnion('type', [ExportPool, SharedPool]);
export type NfsPool = Readonly<z.infer<typeof NfsPool>>;
export type ExportPool = Extract<NfsPool, { type: 'nfs' }>;
export type SharedPool = Extract<NfsPool, { type: 'shared' }>;

/** Section `drivers.nfs` of the configuration file. */
export const NfsConfig = z
  .strictObject({
    driverName: DriverName.default('nfs.stowage.dev'),
    ...endpointShape,
    mountDirectory: CleanPath.default('/var/lib/stowage/mounts').meta({
      description:
        'Where exports are mounted on nodes, below a directory for each pool. In Kubernetes it has to be in the directory of the kubelet.',
    }),
    pools: z
      .array(NfsPool)
      .superRefine((pools, context) => {
        for (const [index, { name }] of pools.entries()) {
          if (!pools.slice(0, index).some((earlier) => earlier.name === name)) continue;
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: `pool ${name} is listed twice`,
          });
        }
      })
      .default([])
      .meta({
        description:
          'The pools. Controllers need none; one that has some needs all of them, since another one counts as removed while no agent has it.',
      }),
  })
  .refine(hasEndpointsOrNone, ENDPOINTS_MESSAGE);
export type NfsConfig = z.infer<typeof NfsConfig>;

/** On an NFS server there are no sockets: the role says what it needs. */
function hasEndpointsOrNone(driver: Parameters<typeof hasEndpoints>[0]): boolean {
  const hasNone = [driver.endpoint, driver.controllerEndpoint, driver.nodeEndpoint].every(
    (endpoint) => endpoint === undefined,
  );
  return hasNone || hasEndpoints(driver);
}
